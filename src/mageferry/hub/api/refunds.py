"""Refunds of an order: those there are, and a new one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from mageferry.hub.api.access import MAY_READ, MAY_REFUND, require
from mageferry.hub.api.shapes import Problem
from mageferry.hub.exchange.refunds import RefundContent
from mageferry.hub.trade.models import Order, OrderRefund
from mageferry.hub.trade.refunds import OtherRefund, UnusableRefund, enter_refund

router = Router()


class ShownItem(Schema):
    position: int = Field(alias="order_item.position")
    sku: str = Field(alias="order_item.sku")
    quantity: Decimal
    back_to_stock: bool


class Refund(Schema):
    id: int
    transaction_id: str
    amount: Decimal
    shipping_amount: Decimal
    currency: str
    paid_at: dt.datetime | None
    items: list[ShownItem] = Field(alias="refund_items")
    return_created: bool
    return_id: int | None = Field(description="Id of the credit memo in Magento.")
    error: str
    remedy: str

    @staticmethod
    def resolve_return_created(refund: OrderRefund) -> bool:
        return hasattr(refund, "magento") and refund.magento.return_created

    @staticmethod
    def resolve_return_id(refund: OrderRefund) -> int | None:
        return refund.magento.return_id if hasattr(refund, "magento") else None

    @staticmethod
    def resolve_error(refund: OrderRefund) -> str:
        return refund.magento.error if hasattr(refund, "magento") else ""

    @staticmethod
    def resolve_remedy(refund: OrderRefund) -> str:
        return refund.magento.remedy if hasattr(refund, "magento") else ""


def _refunds() -> QuerySet[OrderRefund]:
    return OrderRefund.objects.select_related("magento").prefetch_related("refund_items__order_item")


@router.get("/orders/{int:pk}/refunds", response=list[Refund])
def refunds(request: HttpRequest, pk: int) -> QuerySet[OrderRefund]:
    """The refunds of an order, the oldest first."""
    require(request, MAY_READ)
    get_object_or_404(Order, pk=pk)
    return _refunds().filter(order=pk).order_by("id")


@router.post(
    "/orders/{int:pk}/refunds", response={201: Refund, 200: Refund, 404: Problem, 409: Problem, 422: Problem}
)
def add_refund(request: HttpRequest, pk: int, body: RefundContent) -> Status[Any]:
    """Enter a refund; the flow Create Return makes its credit memo. 200: it was entered before."""
    require(request, MAY_REFUND)
    order = Order.objects.filter(pk=pk).first()
    if order is None:
        return Status(404, {"message": f"There is no order {pk}."})
    try:
        refund, made = enter_refund(pk, body.entry_for(order))
    except OtherRefund as other:
        return Status(409, {"message": str(other)})
    except UnusableRefund as unusable:
        return Status(422, {"message": str(unusable)})
    return Status(201 if made else 200, _refunds().get(pk=refund.pk))
