"""The kinds of entities that go through the hub: each declared once, for checks, JSON-Schema and documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mageferry.hub.exchange.errors import RefusedEntity
from mageferry.hub.exchange.given import (
    GivenOrder,
    GivenProduct,
    GivenRefund,
    GivenShipment,
    GivenStatus,
    GivenStock,
)
from mageferry.hub.exchange.goods import ProductEntity, StockEntity, plan_product, plan_stock
from mageferry.hub.exchange.order_shapes import OrderEntity, OrderStatusEntity
from mageferry.hub.exchange.orders import plan_order, plan_order_status
from mageferry.hub.exchange.plans import EntityPlan, Kept
from mageferry.hub.exchange.refunds import RefundEntity, plan_refund
from mageferry.hub.exchange.shapes import Entity, read
from mageferry.hub.exchange.shipments import ShipmentEntity, plan_shipment
from mageferry.hub.trade.models import Account


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity: `shape` is what is taken in, `given` what is told. `of_account`: it belongs to an account."""

    name: str
    title: str
    shape: type[Entity]
    given: type[Entity]
    plan: Callable[[Any, Any], EntityPlan]
    of_account: bool = True

    @property
    def json_schema(self) -> dict[str, Any]:
        """What is taken in, as JSON-Schema."""
        return self.shape.model_json_schema()


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("order", "Order", OrderEntity, GivenOrder, plan_order),
        Kind("order_status", "Status of an order", OrderStatusEntity, GivenStatus, plan_order_status),
        Kind("shipment", "Shipment", ShipmentEntity, GivenShipment, plan_shipment),
        Kind("refund", "Refund", RefundEntity, GivenRefund, plan_refund),
        Kind("stock", "Stock", StockEntity, GivenStock, plan_stock, of_account=False),
        Kind("product", "Product", ProductEntity, GivenProduct, plan_product, of_account=False),
    )
}


def kind_named(name: str) -> Kind:
    """Raises LookupError naming the kinds there are."""
    if name not in KINDS:
        raise LookupError(f"There is no kind of entity {name!r}. The kinds are {', '.join(KINDS)}.")
    return KINDS[name]


def plan_entity(kind: str, entity: object, account: Account | None) -> EntityPlan:
    """Check an entity, as JSON gives it, against its kind and against what the hub has; nothing is written.

    Raises RefusedEntity with everything that is wrong and where (`items[2].quantity ...`), UnknownSubject (one of
    them) when something it is about isn't in the hub yet, LookupError for an unknown kind.
    """
    found = kind_named(kind)
    if found.of_account and account is None:
        raise RefusedEntity(
            f"An entity of the kind {kind} belongs to an account.", "Say which account it is for."
        )
    return found.plan(read(found.shape, entity), account)


def store_entity(kind: str, entity: object, account: Account | None) -> Kept:
    """Check an entity and take it over, within the caller's transaction. Raises as plan_entity does."""
    return plan_entity(kind, entity, account).apply()
