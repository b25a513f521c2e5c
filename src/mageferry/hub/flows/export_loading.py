"""What the units of an export bring into Magento, read for many of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.flows.export_records import Shipload
from mageferry.hub.flows.export_routes import row_for
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.mapping.field_mappings import FieldMappings
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.trade.models import Account, Order, OrderAddress, OrderItem, OrderPayment, Seller
from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Claim, Outcome


@dataclass(frozen=True, slots=True)
class Route:
    """The row that orders go through, with the mappings of its connector."""

    row: Magento2Seller
    mappings: FieldMappings


def load_orders(claims: Sequence[Claim]) -> dict[int, Shipload | Outcome]:
    """What each unit of a batch brings into Magento; or what becomes of it, where that is clear without the shop."""
    orders = _orders_with_parts({held.unit.payload["order"] for held in claims})
    wanted = {pk for held in claims if (pk := held.unit.payload.get("seller"))}
    sellers = Seller.objects.in_bulk(wanted) if wanted else {}
    routes: dict[tuple[int, int | None], Route | Outcome] = {}

    def route(account_pk: int, seller_pk: int | None) -> Route | Outcome:
        known = routes.get((account_pk, seller_pk))
        if known is None:
            known = routes[account_pk, seller_pk] = _route_or_problem(account_pk, seller_pk)
        return known

    return {held.pk: _loaded(held.unit.payload, orders, sellers, route) for held in claims}


def _orders_with_parts(pks: Collection[int]) -> dict[int, Order]:
    """Orders with all that their export reads, by a query for each table.

    What `prefetch_related` does, without a queryset of its own for each order and list: that took longer than reading
    the rows.
    """
    orders = {order.pk: order for order in Order.objects.select_related("magento").filter(pk__in=pks)}
    accounts = Account.objects.select_related("marketplace").in_bulk(
        {order.account_id for order in orders.values()}
    )
    for order in orders.values():
        order.account = accounts[order.account_id]
    _attach(orders, "items", OrderItem.objects.select_related("seller").order_by("position", "pk"))
    _attach(orders, "addresses", OrderAddress.objects.order_by("pk"))
    _attach(orders, "payments", OrderPayment.objects.order_by("pk"))
    return orders


def _attach(orders: Mapping[int, Order], name: str, parts: QuerySet[Any]) -> None:
    """Give each order its part of the rows, where Django keeps what was prefetched."""
    lists: dict[int, list[Any]] = {pk: [] for pk in orders}
    for part in parts.filter(order__in=list(orders)):
        part.order = orders[part.order_id]
        lists[part.order_id].append(part)
    for pk, order in orders.items():
        loaded: Any = order
        loaded.__dict__.setdefault("_prefetched_objects_cache", {})[name] = lists[pk]


def _loaded(
    payload: Mapping[str, Any],
    orders: Mapping[int, Order],
    sellers: Mapping[int, Seller],
    route: Callable[[int, int | None], Route | Outcome],
) -> Shipload | Outcome:
    order, seller_pk = orders.get(payload["order"]), payload.get("seller")
    if order is None:
        return ledger.skipped("The order is gone from the hub.")
    seller = sellers.get(seller_pk) if seller_pk else None
    if seller_pk and seller is None:
        return ledger.skipped("The seller is gone from the hub.")
    done = _done_before(order, seller)
    if done is not None:
        return done
    way = route(order.account_id, seller_pk)
    return way if isinstance(way, Outcome) else Shipload(order, way.row, way.mappings, seller)


def _route_or_problem(account_pk: int, seller_pk: int | None) -> Route | Outcome:
    try:
        row = row_for(account_pk, seller_pk)
    except SetupProblem as problem:
        return ledger.failed(problem.reason, problem.remedy)
    return Route(row, mappings_of(row.connector))


def _done_before(order: Order, seller: Seller | None) -> Outcome | None:
    if seller is None:
        return (
            ledger.finished(result={"entity_id": order.magento.entity_id})
            if hasattr(order, "magento")
            else None
        )
    if hasattr(order, "magento") and not order.magento_parts.exists():
        return ledger.skipped("The order is in Magento as a whole.")
    part = order.magento_parts.filter(magento2_seller__seller=seller).first()
    return ledger.finished(result={"entity_id": part.entity_id}) if part else None
