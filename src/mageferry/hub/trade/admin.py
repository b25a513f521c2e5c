"""Pages of the hub's own tables."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from mageferry.hub import adminsite
from mageferry.hub.trade import models
from mageferry.hub.trade.refund_admin import RefundInline, add_refund_to
from mageferry.hub.trade.shipment_admin import magento_id_of


@adminsite.register(models.Marketplace)
class MarketplaceAdmin(adminsite.ModelAdmin):
    list_display = ("name", "code")
    search_fields = ("name", "code")


@adminsite.register(models.Account)
class AccountAdmin(adminsite.ModelAdmin):
    list_display = ("name", "code", "marketplace")
    list_filter = ("marketplace",)
    search_fields = ("name", "code")


@adminsite.register(models.Seller)
class SellerAdmin(adminsite.ModelAdmin):
    list_display = ("name", "code")
    search_fields = ("name", "code")


@adminsite.register(models.Location)
class LocationAdmin(adminsite.ModelAdmin):
    list_display = ("name", "code")
    search_fields = ("name", "code")


class ItemInline(adminsite.TabularInline):
    model = models.OrderItem
    fields = (
        "position", "sku", "name", "product_type", "bundle_sku", "quantity", "price", "unit_tax",
        "discount_amount", "row_total", "seller", "quantity_shipped", "quantity_refunded", "magento_exported",
        "connector_id",
    )  # fmt: skip
    readonly_fields = ("magento_exported", "connector_id")
    tab = True


class AddressInline(adminsite.StackedInline):
    model = models.OrderAddress
    max_num = 2
    tab = True


class PaymentInline(adminsite.TabularInline):
    model = models.OrderPayment
    exclude = ("payment_type",)
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.OrderPayment]:
        # Refunds have a table of their own.
        return super().get_queryset(request).filter(payment_type=models.PaymentType.PAYMENT)


class ShipmentInline(adminsite.ReadOnlyInline):
    model = models.OrderShipment
    fields = ("shipped_at", "carrier", "contents", "track_numbers", "magento_id")
    readonly_fields = fields
    show_change_link = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.OrderShipment]:
        shipments: QuerySet[models.OrderShipment] = super().get_queryset(request)
        return shipments.select_related("order", "magento").prefetch_related("items__order_item", "tracks")

    def contents(self, shipment: models.OrderShipment) -> str:
        return ", ".join(str(item) for item in shipment.items.all())

    @adminsite.display(description="tracks")
    def track_numbers(self, shipment: models.OrderShipment) -> str:
        return ", ".join(str(track) for track in shipment.tracks.all())

    @adminsite.display(description="ID in Magento")
    def magento_id(self, shipment: models.OrderShipment) -> str:
        return magento_id_of(shipment)


class HistoryInline(adminsite.ReadOnlyInline):
    model = models.OrderHistory
    fields = ("at", "flow", "connector", "target_store", "outcome", "message", "ids")
    readonly_fields = fields
    tab = True


@adminsite.register(models.Order)
class OrderAdmin(adminsite.ModelAdmin):
    list_display = (
        "marketplace_order_id", "account", "shown_status", "customer", "shown_total", "placed_at", "connector_id",
        "shown_error",
    )  # fmt: skip
    list_filter = ("status", "account", ("error", adminsite.EmptyFieldListFilter))
    search_fields = ("marketplace_order_id", "customer_email", "customer_lastname", "items__sku")
    date_hierarchy = "placed_at"
    readonly_fields = (
        "connector_id",
        "remote_status",
        "remote_updated_at",
        "error",
        "remedy",
        "total_refunded",
    )
    list_select_related = ("account",)
    inlines = (ItemInline, AddressInline, PaymentInline, RefundInline, ShipmentInline, HistoryInline)
    actions = ("clear_error",)
    actions_detail = ("add_shipment_here", "add_refund")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("account", "marketplace_order_id"),
                    ("status", "remote_status"),
                    ("error", "remedy"),
                )
            },
        ),
        (
            "Money",
            {
                "fields": (
                    ("currency", "subtotal", "shipping_amount"),
                    ("tax_amount", "discount_amount"),
                    ("grand_total", "total_refunded"),
                )
            },
        ),
        ("Customer", {"fields": (("customer_email", "customer_firstname", "customer_lastname"),)}),
        ("Shipping", {"fields": (("shipping_service", "shipping_description"),)}),
        ("Source", {"fields": (("placed_at", "remote_updated_at", "connector_id"),)}),
    )

    @adminsite.action(description="Add shipment", url_path="add-shipment", permissions=["add_shipment_here"])
    def add_shipment_here(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect(f"{reverse('admin:trade_ordershipment_add')}?order={object_id}")

    def has_add_shipment_here_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("trade.add_ordershipment")

    @adminsite.display(
        description="status",
        ordering="status",
        label={
            "Ready For Shipping": "info",
            "Shipped": "success",
            "Partially Shipped": "warning",
            "Cancelled": "danger",
        },
    )
    def shown_status(self, order: models.Order) -> str:
        return order.get_status_display()

    @adminsite.display(description="total", ordering="grand_total")
    def shown_total(self, order: models.Order) -> str:
        return f"{order.grand_total:.2f} {order.currency}"

    @adminsite.display(description="customer", ordering="customer_lastname")
    def customer(self, order: models.Order) -> str:
        return f"{order.customer_firstname} {order.customer_lastname}".strip()

    @adminsite.display(description="error")
    def shown_error(self, order: models.Order) -> str:
        return order.error[:120]

    @adminsite.action(description="Clear the error, so that the order goes on")
    def clear_error(self, request: HttpRequest, queryset: QuerySet[models.Order]) -> None:
        count = queryset.exclude(error="").update(error="", remedy="", updated_at=timezone.now())
        self.message_user(request, f"{count} orders go on with the next run of their flow.")

    @adminsite.action(description="Add refund", url_path="add-refund", permissions=["add_refund"])
    def add_refund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return add_refund_to(object_id)

    def has_add_refund_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("trade.add_orderrefund")


@adminsite.register(models.OrderHistory)
class HistoryAdmin(adminsite.ReadOnlyAdmin):
    list_display: Any = ("at", "order", "flow", "connector", "target_store", "outcome", "message")
    list_filter = ("flow", "outcome", "connector")
    search_fields = ("order__marketplace_order_id", "message")
    list_select_related = ("order",)
