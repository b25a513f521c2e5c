"""Pages of the connector: connectors with their seller rows, and what Magento knows of our orders."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from mageferry.hub import adminsite
from mageferry.hub.connectors import models
from mageferry.hub.connectors.product_values import read_all_again
from mageferry.hub.connectors.readiness import check_connector
from mageferry.hub.security.forms import SecretFormsMixin
from mageferry.magento.diagnosis import Level

_LEVELS = {Level.OK: messages.SUCCESS, Level.WARN: messages.WARNING, Level.FAIL: messages.ERROR}


class ConnectorForm(SecretFormsMixin, forms.ModelForm):  # type: ignore[type-arg]
    secret_widget = adminsite.SecretInput

    class Meta:
        model = models.Magento2Connector
        fields = "__all__"


_AFTER_SAVING = "Shown after the first saving: enter it in System > Extensions > Integrations of the shop."


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


class SellerInline(adminsite.TabularInline):
    model = models.Magento2Seller
    formset = SellerRows
    fields = (
        "store_id", "store_code", "account", "seller", "location", "warehouse_code", "get_orders", "export_orders",
        "create_shipments", "get_shipments", "create_return", "get_inventory", "get_products",
        "sent_customer_notification", "export_orders_per_seller",
    )  # fmt: skip
    verbose_name = "seller row"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and not isinstance(field, forms.BooleanField):
            # Wide enough to read what is chosen; the table scrolls.
            field.widget.attrs["style"] = "min-width: 8rem"
        return field


@adminsite.register(models.Magento2Connector)
class ConnectorAdmin(adminsite.ModelAdmin):
    form = ConnectorForm
    list_display = ("name", "shown_active", "endpoint", "authentication", "token_expires_at", "error")
    list_filter = ("active", "authentication")
    search_fields = ("name", "endpoint")
    readonly_fields = (
        "token_expires_at",
        "error",
        "remedy",
        "callback_url",
        "identity_link_url",
        "without_sources_at",
    )
    inlines = (SellerInline,)
    actions_detail = ("test_connection_now", "field_mappings_page")
    fieldsets = (
        (None, {"fields": (("name", "active"), "endpoint", ("error", "remedy"))}),
        (
            "Sign-in",
            {
                "fields": (
                    "authentication",
                    ("username", "password"),
                    "totp_secret",
                    "token_expires_at",
                    ("consumer_key", "consumer_secret"),
                    ("access_token", "access_token_secret"),
                    "signature_method",
                    ("callback_url", "identity_link_url"),
                )
            },
        ),
        (
            "Requests",
            {
                "classes": ("collapse",),
                "fields": (
                    "verify_tls",
                    ("timeout_seconds", "page_size"),
                    ("concurrency", "requests_per_interval", "interval_seconds"),
                ),
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
            "Get products and stock",
            {
                "classes": ("collapse",),
                "fields": (("product_attributes", "full_products_days"), "without_sources_at"),
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
        ("Shipments", {"classes": ("collapse",), "fields": ("courier_map", "late_track_days")}),
        (
            "Custom shop",
            {
                "classes": ("collapse",),
                "description": "For a shop whose API differs from the standard. Empty: the standard.",
                "fields": (
                    "operations",
                    ("extra_headers", "secret_headers"),
                    "number_template",
                    ("export_status_map", "payment_method_map"),
                ),
            },
        ),
    )

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # The addresses to enter in Magento begin with the one that the person uses for the hub.
        self._root = request.build_absolute_uri("/").rstrip("/")
        return super().get_form(request, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: models.Magento2Connector, form: Any, change: bool
    ) -> None:
        stored = models.Magento2Connector.objects.filter(pk=obj.pk).values_list(
            "product_attributes", flat=True
        )
        before = stored.first()
        super().save_model(request, obj, form, change)
        if before is not None and before != obj.product_attributes:
            # Products that don't change would never get the attributes that were added.
            read_all_again(obj)

    @adminsite.display(description="Callback URL")
    def callback_url(self, connector: models.Magento2Connector) -> str:
        return f"{self._root}/magento/{connector.callback_key}/callback" if connector.pk else _AFTER_SAVING

    @adminsite.display(description="Identity Link URL")
    def identity_link_url(self, connector: models.Magento2Connector) -> str:
        return f"{self._root}/magento/{connector.callback_key}/identity" if connector.pk else _AFTER_SAVING

    @adminsite.display(description="active", boolean=True, ordering="active")
    def shown_active(self, connector: models.Magento2Connector) -> bool:
        return connector.active

    @adminsite.action(description="Test connection", url_path="test-connection", permissions=["change"])
    def test_connection_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        connector = models.Magento2Connector.objects.get(pk=object_id)
        for finding in check_connector(connector):
            messages.add_message(
                request, _LEVELS[finding.level], f"{finding.name}: {finding.text}. {finding.remedy}"
            )
        return adminsite.back_to(models.Magento2Connector, object_id)

    @adminsite.action(description="Preview mappings", url_path="field-mappings", permissions=["change"])
    def field_mappings_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect("mapping_preview", pk=object_id)

    def has_field_mappings_page_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.has_change_permission(request))

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


@adminsite.register(models.OrderPartMagento)
class OrderPartMagentoAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "order", "magento2_connector", "magento2_seller", "entity_id", "increment_id", "store_id", "shipment_created",
    )  # fmt: skip
    list_filter = ("magento2_connector", "shipment_created")
    search_fields = ("order__marketplace_order_id", "increment_id", "=entity_id")
    list_select_related = ("order", "magento2_connector", "magento2_seller__connector")


@adminsite.register(models.Magento2Activation)
class ActivationAdmin(adminsite.ReadOnlyAdmin):
    list_display = ("connector", "received_at", "status", "store_base_url", "error", "remedy")
    list_filter = ("status", "connector")
    fields = ("connector", "received_at", "status", "consumer_key", "store_base_url", "error", "remedy")


# Django looks for pages in this module only.
import_module("mageferry.hub.connectors.product_pages")
