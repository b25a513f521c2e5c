"""What is sent to ship an order, against the order as Magento shows it."""

from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_lines import OrderLine, read_lines
from mageferry.hub.mapping.shipment_out import Plan, UnsendableShipment, Wanted, plan_shipment
from tests.hub.builders import remote_item, remote_order

LAMP, SHIRT, SHIRT_CHILD, KIT, POT, MUG, COURSE = 11, 20, 21, 30, 31, 32, 40
ITEMS = [
    remote_item(LAMP, sku="LAMP", qty_ordered=3),
    remote_item(SHIRT, sku="SHIRT-M", product_type="configurable", qty_ordered=2),
    remote_item(SHIRT_CHILD, sku="SHIRT-M", parent_item_id=SHIRT, qty_ordered=2),
    remote_item(KIT, sku="KIT", product_type="bundle", qty_ordered=2),
    remote_item(POT, sku="POT", parent_item_id=KIT, qty_ordered=2),
    remote_item(MUG, sku="MUG", parent_item_id=KIT, qty_ordered=4),
    remote_item(COURSE, sku="COURSE", product_type="virtual", is_virtual=1, qty_ordered=1),
]
EVERYTHING = {LAMP: 3, SHIRT: 2, POT: 2, MUG: 4}


def plan(quantities: dict[Any, Any], changes: dict[int, Any] | None = None, in_parts: bool = False) -> Plan:
    """A plan for these quantities by item_id; `changes` are made to Magento's rows."""
    items = [{**item, **(changes or {}).get(item["item_id"], {})} for item in ITEMS]
    names = {item["item_id"]: item["sku"] for item in items}
    wanted = [Wanted(key, names.get(key, "?"), Decimal(str(value))) for key, value in quantities.items()]
    return plan_shipment(wanted, read_lines(remote_order(items=items)), lambda bundle: in_parts)


def test_plain_items_and_configurables_go_by_their_own_row():
    made = plan({LAMP: 2, SHIRT: 1})
    assert made.items == {LAMP: 2, SHIRT: 1}
    assert not made.after.nothing_left


def test_a_child_of_a_configurable_goes_by_its_parent():
    assert plan({SHIRT_CHILD: 1}).items == {SHIRT: 1}


def test_whole_sets_of_a_bundle_go_by_both_rows_since_the_order_does_not_show_which_counts():
    def never(bundle: OrderLine) -> bool:
        raise AssertionError("no need to ask")

    wanted = [Wanted(POT, "POT", Decimal(1)), Wanted(MUG, "MUG", Decimal(2))]
    made = plan_shipment(wanted, read_lines(remote_order(items=ITEMS)), never)
    assert made.items == {POT: 1, MUG: 2, KIT: 1}
    assert made.after.by_id[KIT].left == 1


@pytest.mark.parametrize("quantities", [{POT: 1}, {POT: 1, MUG: 1}, {MUG: 4}])
def test_parts_of_a_bundle_go_only_when_it_ships_separately(quantities: dict[int, int]):
    assert plan(quantities, in_parts=True).items == quantities
    with pytest.raises(UnsendableShipment, match=r"bundle KIT as a whole only \(1 x POT, 2 x MUG\)"):
        plan(quantities)


def test_nothing_is_left_once_all_that_ships_is_shipped():
    assert plan(EVERYTHING).after.nothing_left
    assert plan({**EVERYTHING, LAMP: 1}, {LAMP: {"qty_canceled": 2}}).after.nothing_left


@pytest.mark.parametrize(
    ("quantities", "changes", "words"),
    [
        ({}, {}, "it has no items"),
        ({999: 1}, {}, "? isn't an item of this order in Magento"),
        ({None: 1}, {}, "isn't an item of this order"),
        ({COURSE: 1}, {}, "COURSE is virtual"),
        ({LAMP: 4}, {}, "4 x LAMP to ship, 3 left of 3"),
        ({LAMP: 2}, {LAMP: {"qty_shipped": 2}}, "2 x LAMP to ship, 1 left of 3 (2 shipped)"),
        ({LAMP: 2}, {LAMP: {"qty_refunded": 1, "qty_canceled": 1}}, "1 left of 3 (1 refunded, 1 cancelled)"),
        ({LAMP: 0.5}, {}, "LAMP is sold in whole units, not 0.5"),
        (
            {LAMP: 1},
            {key: {"qty_shipped": 9} for key in (LAMP, SHIRT, KIT, POT, MUG)},
            "nothing is left to ship",
        ),
    ],
)
def test_everything_wrong_is_named(quantities: Any, changes: Any, words: str):
    with pytest.raises(UnsendableShipment) as caught:
        plan(quantities, changes)
    assert words in str(caught.value)
    assert caught.value.remedy


def test_fractions_go_where_the_product_allows_them():
    assert plan({LAMP: 0.5}, {LAMP: {"is_qty_decimal": 1}}).items == {LAMP: Decimal("0.5")}


def test_several_problems_come_at_once():
    with pytest.raises(UnsendableShipment) as caught:
        plan({LAMP: 9, SHIRT: 9})
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("items", [None, ["x"], [{"item_id": "x"}]])
def test_an_order_that_cannot_be_read_is_named(items: Any):
    with pytest.raises(UnusableRecord, match="000000007"):
        read_lines(remote_order(items=items))
