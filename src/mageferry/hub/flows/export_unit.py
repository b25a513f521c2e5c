"""One attempt to bring one order, or the items of one seller in it, into Magento: `PUT /V1/orders/create`.

An unclear answer is settled by looking for the order in the shop. Magento itself refuses a second order with the same
increment_id in one store; that number is the same at each attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.export_records import ONE_ORDER, Shipload, adopt_order, park_order
from mageferry.hub.flows.export_routes import row_for
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.runner import SetupProblem
from mageferry.hub.flows.writing import Write, as_text, write_once
from mageferry.hub.mapping.models import mappings_of
from mageferry.hub.mapping.order_amounts import UnsendableOrder
from mageferry.hub.mapping.order_mappings import map_entity
from mageferry.hub.mapping.order_out import build_entity, external_item_id, increment_id_for
from mageferry.hub.trade.models import Order, OrderItem, Seller
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles_loaded
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.magento.client import Magento
from mageferry.magento.errors import AlreadyExists, MagentoError, Rejected


def load_orders(claims: Sequence[Claim]) -> dict[int, Shipload | Outcome]:
    """What each unit of a batch brings into Magento; or what becomes of it, where that is clear without the shop."""
    orders = (
        Order.objects.select_related("account", "account__marketplace", "magento")
        .prefetch_related(_ITEMS_WITH_SELLERS, "addresses", "payments")
        .in_bulk({held.unit.payload["order"] for held in claims})
    )
    wanted = {pk for held in claims if (pk := held.unit.payload.get("seller"))}
    sellers = Seller.objects.in_bulk(wanted) if wanted else {}
    routes: dict[tuple[int, int | None], Magento2Seller | Outcome] = {}

    def route(account_pk: int, seller_pk: int | None) -> Magento2Seller | Outcome:
        known = routes.get((account_pk, seller_pk))
        if known is None:
            known = routes[account_pk, seller_pk] = _row_or_problem(account_pk, seller_pk)
        return known

    return {held.pk: _loaded(held.unit.payload, orders, sellers, route) for held in claims}


_ITEMS_WITH_SELLERS = Prefetch("items", OrderItem.objects.select_related("seller"))


def _loaded(
    payload: Mapping[str, Any],
    orders: Mapping[int, Order],
    sellers: Mapping[int, Seller],
    route: Callable[[int, int | None], Magento2Seller | Outcome],
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
    row = route(order.account_id, seller_pk)
    if isinstance(row, Outcome):
        return row
    return Shipload(order, row, seller)


def _row_or_problem(account_pk: int, seller_pk: int | None) -> Magento2Seller | Outcome:
    try:
        return row_for(account_pk, seller_pk)
    except SetupProblem as problem:
        return ledger.failed(problem.reason, problem.remedy)


@handles_loaded(ONE_ORDER, load_orders, for_all_threads=True)
def export_order(held: Claim, loaded: Shipload | Outcome) -> Outcome:
    """One attempt."""
    return loaded if isinstance(loaded, Outcome) else _attempt(held, loaded)


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


def _attempt(held: Claim, load: Shipload) -> Outcome:
    if not load.items:
        return ledger.skipped(f"No item of {load.seller} is left in the order.")
    try:
        built = build_entity(load.order, load.row, load.seller)
        entity = map_entity(built, load.order, load.row, mappings_of(load.row.connector))
    except UnsendableOrder as problem:
        return park_order(load, str(problem), problem.remedy)
    with open_shop(load.row.connector) as shop:
        try:
            return write_once(held, _write(shop, load, entity))
        except AlreadyExists as error:
            return _adopt_existing(shop, load, error)
        except Rejected as error:
            return park_order(load, error.message, error.remedy, error.raw)
        except MagentoError as error:
            return outcome_of(error, held)


def _write(shop: Magento, load: Shipload, entity: dict[str, Any]) -> Write[Mapping[str, Any]]:
    return Write(
        request=as_text(*shop.plans.addressed("PUT", "/V1/orders/create", {"entity": entity})),
        send=lambda: shop.orders.create(entity),
        look=lambda: find_exported(shop, load),
        adopt=lambda made, message: adopt_order(load, made, message),
        done="Exported to Magento.",
    )


def find_exported(shop: Magento, load: Shipload) -> Mapping[str, Any] | None:
    """The order in the shop, if an earlier attempt created it. Looked for by what we always send."""
    found = shop.orders.find(ext_order_id=load.order.marketplace_order_id, store_id=load.row.store_id)
    number = increment_id_for(load.order, load.row, load.seller)
    if number is not None:
        # ext_order_id isn't unique in Magento; the number is.
        found = [each for each in found if each.get("increment_id") == number]
    elif load.seller is not None:
        # Several parts may be in one store, with numbers of Magento's own: the items tell whose part it is.
        ours = {external_item_id(item) for item in load.sent}
        found = [
            each
            for each in found
            if ours & {str(item.get("ext_order_item_id")) for item in each.get("items") or ()}
        ]
    return min(found, key=lambda each: int(each["entity_id"])) if found else None


def _adopt_existing(shop: Magento, load: Shipload, error: AlreadyExists) -> Outcome:
    """Magento has this number in this store already: ours from an earlier attempt, or somebody else's."""
    found = find_exported(shop, load)
    if found is not None:
        return adopt_order(load, found, "It was in Magento already.")
    return park_order(
        load,
        f"{error.message}: number {increment_id_for(load.order, load.row, load.seller)} belongs to another order of "
        f"store {load.row.store_id}.",
        "Look at the order with this number in Magento. If it is another one, change the account's code or the "
        "marketplace order id, then retry.",
        error.raw,
    )
