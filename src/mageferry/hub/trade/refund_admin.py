"""Pages of refunds: a table on the order's page, and a page to enter one with the items that it gives back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from mageferry.hub import adminsite
from mageferry.hub.trade import models
from mageferry.hub.trade.refunds import problems_of


def add_refund_to(order_pk: int) -> HttpResponse:
    """To the page where a refund of this order is entered."""
    return redirect(f"{reverse('admin:trade_orderrefund_add')}?order={order_pk}")


def _in_shop(refund: models.OrderPayment) -> Any:
    """What the shop's connector keeps of the refund, None before it had an attempt."""
    return getattr(refund, "magento", None)


def _is_created(refund: models.OrderPayment | None) -> bool:
    there = _in_shop(refund) if refund is not None else None
    return there is not None and there.return_created


class _Shown:
    """Columns that both the order's page and the list of refunds have."""

    @adminsite.display(description="items")
    def shown_items(self, refund: models.OrderRefund) -> str:
        return ", ".join(str(item) for item in refund.refund_items.all()) or "money only"

    @adminsite.display(description="return ID")
    def shown_return_id(self, refund: models.OrderRefund) -> str:
        there = _in_shop(refund)
        if there is None or not there.return_created:
            return "not created yet"
        return str(there.return_id or "made in the shop")

    @adminsite.display(description="error")
    def shown_error(self, refund: models.OrderRefund) -> str:
        there = _in_shop(refund)
        return f"{there.error} {there.remedy}".strip() if there is not None and there.error else ""


class RefundInline(_Shown, adminsite.ReadOnlyInline):
    """The refunds on the page of an order."""

    model = models.OrderRefund
    fields = ("amount", "shipping_amount", "currency", "shown_items", "shown_return_id", "shown_error")
    readonly_fields = fields
    verbose_name_plural = "refunds"
    show_change_link = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.OrderRefund]:
        return super().get_queryset(request).prefetch_related("refund_items__order_item")


class RefundItems(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The items of one refund, checked together with its amounts."""

    def clean(self) -> None:
        super().clean()
        refund = self.instance
        if any(self.errors) or refund.order_id is None or refund.amount is None:
            return
        quantities: dict[models.OrderItem, Decimal] = {}
        for form in self.forms:
            values = getattr(form, "cleaned_data", {})
            if values.get("order_item") and not values.get("DELETE"):
                quantities[values["order_item"]] = values["quantity"]
        problems = list(
            problems_of(refund.order, refund.amount, refund.shipping_amount, quantities, refund.pk)
        )
        if problems:
            raise ValidationError(problems)


class RefundItemInline(adminsite.TabularInline):
    model = models.OrderRefundItem
    formset = RefundItems
    verbose_name_plural = (
        "items that it gives back (none: money only, or everything when the amount is all that is left)"
    )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "order_item":
            options["queryset"] = _items_to_choose(request)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_created(obj) and bool(super().has_change_permission(request, obj))

    has_delete_permission = has_change_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_created(obj) and bool(super().has_add_permission(request, obj))


def _items_to_choose(request: HttpRequest) -> QuerySet[models.OrderItem]:
    """The items of the order that the page is about."""
    items = models.OrderItem.objects.order_by("position")
    match = request.resolver_match
    refund_pk = match.kwargs.get("object_id", "") if match else ""
    if refund_pk.isdecimal():
        return items.filter(order__payments=int(refund_pk))
    order_pk = request.POST.get("order") or request.GET.get("order") or ""
    return items.filter(order=int(order_pk)) if order_pk.isdecimal() else items.none()


@adminsite.register(models.OrderRefund)
class RefundAdmin(_Shown, adminsite.ModelAdmin):
    list_display = ("order", "amount", "currency", "shown_items", "shown_return_id", "shown_error")
    search_fields = ("order__marketplace_order_id", "transaction_id")
    list_select_related = ("order",)
    raw_id_fields = ("order",)
    fields = ("order", ("amount", "shipping_amount"), "transaction_id", "shown_return_id", "shown_error")
    readonly_fields = ("shown_return_id", "shown_error")
    inlines = (RefundItemInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.OrderRefund]:
        return super().get_queryset(request).prefetch_related("refund_items__order_item")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj is None else ("order", *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_created(obj) and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_created(obj) and bool(super().has_delete_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: models.OrderRefund, form: Any, change: bool) -> None:
        obj.currency = obj.order.currency
        super().save_model(request, obj, form, change)
        there = _in_shop(obj)
        if there is not None and there.error:
            # A person looked at it: the next run tries it again.
            there.error = there.remedy = ""
            there.save(update_fields=["error", "remedy"])
