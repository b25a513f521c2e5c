"""The page of a shipment: a person enters what left, beginning with everything that is left of the order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from mageferry.hub import adminsite
from mageferry.hub.trade import models
from mageferry.hub.trade.shipping import left_to_ship


def magento_id_of(shipment: models.OrderShipment) -> str:
    """The shipment's id in Magento, as it is shown; a dash while it isn't there."""
    return str(shipment.magento) if hasattr(shipment, "magento") else "-"


class ShipmentItemForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = models.OrderShipmentItem
        fields = ("order_item", "quantity")

    def has_changed(self) -> bool:
        # A proposed row is meant as it stands; whoever empties its quantity leaves the item out.
        if self.instance._state.adding:
            return bool(self.data.get(self.add_prefix("quantity")))
        return super().has_changed()

    def clean_quantity(self) -> Decimal:
        quantity: Decimal = self.cleaned_data["quantity"]
        if quantity <= 0:
            raise forms.ValidationError("The quantity must be above 0; empty the row to leave the item out.")
        return quantity


class SentInline(adminsite.TabularInline):
    """Rows that can't be changed any more once the shipment is in Magento."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_in_magento(obj) and bool(super().has_change_permission(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_in_magento(obj) and bool(super().has_add_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_in_magento(obj) and bool(super().has_delete_permission(request, obj))


def _is_in_magento(shipment: models.OrderShipment | None) -> bool:
    return shipment is not None and hasattr(shipment, "magento")


class ShipmentItemInline(SentInline):
    model = models.OrderShipmentItem
    form = ShipmentItemForm

    def get_extra(self, request: HttpRequest, obj: Any = None, **options: Any) -> int:
        return len(_proposal(request)) if obj is None else 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "order_item":
            options["queryset"] = _items_to_choose(request)
        return super().formfield_for_foreignkey(db_field, request, **options)


def _order_id(request: HttpRequest) -> int | None:
    """The order of the shipment on this page: its own, the one that is posted, or the one of the address."""
    match = request.resolver_match
    pk = match.kwargs.get("object_id") if match else None
    if pk is not None:
        return models.OrderShipment.objects.filter(pk=pk).values_list("order", flat=True).first()
    text = str(request.POST.get("order") or request.GET.get("order") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _items_to_choose(request: HttpRequest) -> QuerySet[models.OrderItem]:
    return models.OrderItem.objects.filter(order=_order_id(request)).order_by("position")


def _proposal(request: HttpRequest) -> list[dict[str, Any]]:
    """Everything that is left of the order."""
    order_id = _order_id(request)
    order = models.Order.objects.filter(pk=order_id).first() if order_id is not None else None
    if order is None:
        return []
    left = left_to_ship(order, list(order.items.all()))
    return [
        {"order_item": pk, "quantity": quantity.quantize(Decimal("0.0001")).normalize()}
        for pk, quantity in left.items()
        if quantity > 0
    ]


class TrackInline(SentInline):
    model = models.OrderShipmentTrack


@adminsite.register(models.OrderShipment)
class ShipmentAdmin(adminsite.ModelAdmin):
    list_display = ("order", "shipped_at", "carrier", "service", "remote_id", "magento_id")
    search_fields = ("order__marketplace_order_id", "tracks__number")
    list_select_related = ("order", "magento")
    raw_id_fields = ("order",)
    fields = (("order", "shipped_at"), ("carrier", "service"), ("remote_id", "magento_id"))
    inlines = (ShipmentItemInline, TrackInline)

    @adminsite.display(description="ID in Magento")
    def magento_id(self, shipment: models.OrderShipment) -> str:
        return magento_id_of(shipment)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("magento_id",) if obj is None else ("order", "magento_id")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        now: dt.datetime = timezone.now()
        return {"shipped_at": now, **super().get_changeform_initial_data(request)}

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        options: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, ShipmentItemInline) and obj.pk is None and request.method == "GET":
            options["initial"] = _proposal(request)
        return options
