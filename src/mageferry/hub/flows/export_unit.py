"""One attempt to bring one order, or the items of one seller in it, into Magento: `PUT /V1/orders/create`.

An unclear answer is settled by looking for the order in the shop. Magento itself refuses a second order with the same
increment_id in one store; that number is the same at each attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.export_loading import load_orders
from mageferry.hub.flows.export_records import ONE_ORDER, Shipload, adopt_order, park_order
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.writing import Write, as_text, write_once
from mageferry.hub.mapping.order_amounts import UnsendableOrder
from mageferry.hub.mapping.order_mappings import map_entity
from mageferry.hub.mapping.order_out import build_entity, external_item_id, increment_id_for
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles_loaded
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.magento.client import Magento
from mageferry.magento.errors import AlreadyExists, MagentoError, Rejected


@handles_loaded(ONE_ORDER, load_orders, for_all_threads=True)
def export_order(held: Claim, loaded: Shipload | Outcome) -> Outcome:
    """One attempt."""
    return loaded if isinstance(loaded, Outcome) else _attempt(held, loaded)


def _attempt(held: Claim, load: Shipload) -> Outcome:
    if not load.items:
        return ledger.skipped(f"No item of {load.seller} is left in the order.")
    try:
        built = build_entity(load.order, load.row, load.seller)
        entity = map_entity(built, load.order, load.row, load.mappings)
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
