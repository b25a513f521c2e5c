"""The API of shipments: told from outside, and how they stand."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from mageferry.hub.api import shipment_shapes
from mageferry.hub.api.access import MAY_READ, require
from mageferry.hub.api.shapes import Problem
from mageferry.hub.exchange.shipments import ShipmentContent
from mageferry.hub.trade import shipping
from mageferry.hub.trade.models import Order, OrderShipment

MAY_SHIP = "trade.add_ordershipment"
router = Router()


@router.get("/orders/{int:pk}/shipments", response=list[shipment_shapes.Shipment])
def shipments(request: HttpRequest, pk: int) -> QuerySet[OrderShipment]:
    """The shipments of an order, the oldest first."""
    require(request, MAY_READ)
    return _shipments().filter(order=get_object_or_404(Order, pk=pk))


@router.post(
    "/orders/{int:pk}/shipments",
    response={201: shipment_shapes.Shipment, 200: shipment_shapes.Shipment, 400: Problem, 409: Problem},
)
def add_shipment(request: HttpRequest, pk: int, body: ShipmentContent) -> Status[Any]:
    """Tell of a shipment. 201: taken over; 200: known by its `remote_id` already, nothing changed; 409: that id is
    another shipment's. For an order from Magento the next run of Create Shipments creates it there."""
    require(request, MAY_SHIP)
    order = get_object_or_404(Order, pk=pk)
    try:
        made, is_new = shipping.add_shipment(order, body.wanted)
    except shipping.BadShipment as problem:
        return Status(400, {"message": f"The shipment doesn't fit order {order}: {problem}"})
    except shipping.OtherShipment as problem:
        return Status(409, {"message": str(problem)})
    return Status(201 if is_new else 200, _shipments().get(pk=made.pk))


def _shipments() -> QuerySet[OrderShipment]:
    return OrderShipment.objects.select_related("magento").prefetch_related("items__order_item", "tracks")
