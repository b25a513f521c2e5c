"""Pages of the connector: connectors with their seller rows, and what Magento knows of our orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from mageferry.hub import adminsite
from mageferry.hub.connectors import models
from mageferry.hub.connectors.readiness import test_connection
from mageferry.hub.security.forms import SecretFormsMixin


class ConnectorForm(SecretFormsMixin, forms.ModelForm):  # type: ignore[type-arg]
    secret_widget = adminsite.SecretInput

    class Meta:
        model = models.Magento2Connector
        fields = "__all__"


class SellerRows(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The seller rows of one connector: the same store, account and seller only once."""

    def clean(self) -> None:
        super().clean()
        seen = set()
        for form in self.forms:
            values = getattr(form, "cleaned_data", {})
            if not values or values.get("DELETE"):
                continue
            key = (values.get("store_id"), values.get("account"), values.get("seller"))
            if key in seen:
                raise ValidationError("Two rows have the same store, account and seller: keep one of them.")
            seen.add(key)


class SellerInline(adminsite.StackedInline):
    model = models.Magento2Seller
    formset = SellerRows
    fields = (
        ("store_id", "store_code", "warehouse_code"),
        ("account", "seller", "location"),
        ("get_orders", "export_orders", "create_shipments"),
        ("get_shipments", "create_return", "get_inventory"),
        ("get_products", "sent_customer_notification", "export_orders_per_seller"),
    )
    verbose_name = "seller row"


@adminsite.register(models.Magento2Connector)
class ConnectorAdmin(adminsite.ModelAdmin):
    form = ConnectorForm
    list_display = ("name", "shown_active", "endpoint", "authentication", "token_expires_at", "error")
    list_filter = ("active", "authentication")
    search_fields = ("name", "endpoint")
    readonly_fields = ("token_expires_at", "error", "remedy")
    inlines = (SellerInline,)
    actions_detail = ("test_connection_now",)
    fieldsets = (
        (None, {"fields": (("name", "active"), "endpoint", ("error", "remedy"))}),
        (
            "Sign-in",
            {
                "fields": (
                    "authentication",
                    ("username", "password"),
                    "token_expires_at",
                    ("consumer_key", "consumer_secret"),
                    ("access_token", "access_token_secret"),
                )
            },
        ),
        (
            "Requests",
            {
                "classes": ("collapse",),
                "fields": ("verify_tls", ("timeout_seconds", "page_size", "concurrency")),
            },
        ),
        (
            "Get orders",
            {
                "classes": ("collapse",),
                "fields": ("reading_statuses", "status_map", ("first_read_days", "overlap_minutes")),
            },
        ),
        (
            "Export orders",
            {
                "classes": ("collapse",),
                "fields": (
                    "exporting_statuses",
                    ("number_rule", "invoice_rule", "exported_status"),
                    ("payment_method", "shipping_method"),
                    "shipping_method_map",
                    "extension_attributes",
                ),
            },
        ),
    )

    @adminsite.display(description="active", boolean=True, ordering="active")
    def shown_active(self, connector: models.Magento2Connector) -> bool:
        return connector.active

    @adminsite.action(description="Test connection", url_path="test-connection", permissions=["change"])
    def test_connection_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        connector = models.Magento2Connector.objects.get(pk=object_id)
        finding = test_connection(connector)
        level = messages.SUCCESS if finding.fine else messages.ERROR
        messages.add_message(request, level, f"{finding.text} {finding.remedy}".strip())
        return adminsite.back_to(models.Magento2Connector, object_id)

    def has_test_connection_now_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.has_change_permission(request))


@adminsite.register(models.AccountMagento)
class AccountMagentoAdmin(adminsite.ModelAdmin):
    list_display = ("account", "magento2_seller")
    list_select_related = ("account", "magento2_seller__connector")


@adminsite.register(models.OrdersMagento)
class OrdersMagentoAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "order", "magento2_connector", "direction", "entity_id", "increment_id", "store_id", "shipment_created",
        "shipment_id", "order_payment_id",
    )  # fmt: skip
    list_filter = ("magento2_connector", "direction", "shipment_created")
    search_fields = ("order__marketplace_order_id", "increment_id", "=entity_id")
    list_select_related = ("order", "magento2_connector")
