"""The demo's proof: what the shops hold, read back, against what the hub holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mageferry.hub.connectors.models import Direction, Magento2Connector, OrdersMagento
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.demo.records import BACK_OFFICE, STOREFRONT
from mageferry.hub.trade.models import Order
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.types import money


@dataclass(frozen=True, slots=True)
class Check:
    """One thing compared: in the hub, in the shop, and whether they agree."""

    what: str
    hub: str
    shop: str
    fine: bool


def compare() -> list[Check]:
    """Read both shops back and compare them with the hub."""
    return [*_downloaded(), *_exported()]


def _downloaded() -> list[Check]:
    connector = Magento2Connector.objects.get(name=STOREFRONT)
    row = connector.sellers.get()
    criteria = SearchCriteria().where("store_id", "eq", row.store_id)
    criteria = criteria.where("status", "in", connector.reading_statuses)
    with open_shop(connector) as shop:
        theirs = {each["entity_id"]: money(each["grand_total"]) for each in shop.orders.all(criteria)}
    ours = dict(
        OrdersMagento.objects.filter(
            magento2_connector=connector, direction=Direction.DOWNLOADED
        ).values_list("entity_id", "order__grand_total")
    )
    same = sum(1 for entity_id, total in theirs.items() if ours.get(entity_id) == total)
    return [
        Check("Orders of the storefront", str(len(ours)), str(len(theirs)), ours.keys() == theirs.keys()),
        Check("... with the same grand total", str(len(ours)), str(same), same == len(ours)),
    ]


def _exported() -> list[Check]:
    connector = Magento2Connector.objects.get(name=BACK_OFFICE)
    criteria = SearchCriteria().where("store_id", "in", [row.store_id for row in connector.sellers.all()])
    with open_shop(connector) as shop:
        rows = list(shop.orders.all(criteria))
    theirs = {row["entity_id"]: (row.get("ext_order_id"), money(row["grand_total"])) for row in rows}
    ours = {
        entity_id: (number, total)
        for entity_id, number, total in OrdersMagento.objects.filter(
            magento2_connector=connector, direction=Direction.EXPORTED
        ).values_list("entity_id", "order__marketplace_order_id", "order__grand_total")
    }
    doubled = [
        number for number, count in Counter(number for number, _ in theirs.values()).items() if count > 1
    ]
    accounts = [row.account_id for row in connector.sellers.all()]
    waiting = Order.objects.filter(account__in=accounts, magento__isnull=True)
    parked = waiting.exclude(error="").count()
    same = sum(1 for entity_id, pair in theirs.items() if ours.get(entity_id) == pair)
    return [
        Check(
            "Marketplace orders in the back office",
            str(len(ours)),
            str(len(theirs)),
            ours.keys() == theirs.keys(),
        ),
        Check("... with the same number and grand total", str(len(ours)), str(same), same == len(ours)),
        Check("... created twice", "0", str(len(doubled)), not doubled),
        Check("Waiting without a reason", str(waiting.count() - parked), "-", waiting.count() == parked),
    ]
