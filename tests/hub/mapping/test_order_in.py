"""Magento's orders in the hub's terms."""

import contextlib
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mageferry.hub.connectors.models import default_status_map
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_in import read_order
from tests.hub.builders import remote_item, remote_order

STATUS_MAP = default_status_map()


def test_an_order_keeps_its_money_people_and_times():
    order = read_order(remote_order(discount_amount=-2.5), STATUS_MAP)
    assert (order.entity_id, order.increment_id, order.status) == (7, "000000007", "rfs")
    assert (order.subtotal, order.tax_amount, order.discount_amount) == (
        Decimal("29.98"),
        Decimal("2.47"),
        Decimal("2.5"),
    )
    assert order.placed_at == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
    assert [address.kind for address in order.addresses] == ["billing", "shipping"]
    assert order.addresses[0].street == "9 Pier Road\n2nd floor"
    assert order.customer_lastname == "Holt"
    assert order.shipping_service == "flatrate_flatrate"
    assert order.payment is not None
    assert order.payment.amount_paid == Decimal("37.45")


def test_tax_is_kept_per_unit_and_gives_the_line_tax_again():
    item = read_order(remote_order(items=[remote_item(qty_ordered=3, tax_amount=2.47)]), STATUS_MAP).items[0]
    assert (item.unit_tax * item.quantity).quantize(Decimal("0.0001")) == Decimal("2.4700")


def test_a_configurable_is_one_line_with_the_childs_sku_and_the_parents_money():
    parent = remote_item(4, product_type="configurable", sku="SHIRT-RED-M", price=25, row_total=50)
    child = remote_item(5, parent_item_id=4, sku="SHIRT-RED-M-CHILD", price=0, row_total=0, tax_amount=0)
    (line,) = read_order(remote_order(items=[parent, child]), STATUS_MAP).items
    assert (line.sku, line.price, line.quantity, line.item_id) == (
        "SHIRT-RED-M-CHILD",
        Decimal(25),
        Decimal(2),
        4,
    )


def test_a_bundle_is_its_components_with_their_own_prices():
    bundle = remote_item(9, product_type="bundle", sku="SET", price=39.98, row_total=79.96, tax_amount=6.6)
    one = remote_item(10, parent_item_id=9, sku="A", price=14.99, row_total=29.98, tax_amount=2.47)
    two = remote_item(11, parent_item_id=9, sku="B", price=24.99, row_total=49.98, tax_amount=4.13)
    lines = read_order(remote_order(items=[bundle, one, two]), STATUS_MAP).items
    assert [(line.sku, line.price, line.bundle_sku, line.parent_item_id) for line in lines] == [
        ("A", Decimal("14.99"), "SET", 9),
        ("B", Decimal("24.99"), "SET", 9),
    ]
    assert sum(line.row_total for line in lines) == Decimal("79.96")


def test_a_bundle_with_a_fixed_price_passes_its_money_to_its_components():
    bundle = remote_item(
        9,
        product_type="bundle",
        sku="SET",
        qty_ordered=1,
        price=50,
        row_total=50,
        tax_amount=4,
        discount_amount=5,
    )
    parts = [
        remote_item(i, parent_item_id=9, sku=sku, qty_ordered=quantity, price=0, row_total=0, tax_amount=0)
        for i, sku, quantity in ((10, "A", 1), (11, "B", 2))
    ]
    lines = read_order(remote_order(items=[bundle, *parts]), STATUS_MAP).items
    assert sum(line.row_total for line in lines) == 50
    assert sum(line.discount_amount for line in lines) == 5
    assert sum((line.unit_tax * line.quantity).quantize(Decimal("0.01")) for line in lines) == 4


@pytest.mark.parametrize(
    ("status", "shipped", "expected"),
    [
        ("pending", 0, "pending"), ("processing", 0, "rfs"), ("complete", 1, "partially_shipped"),
        ("complete", 2, "shipped"), ("canceled", 0, "cancelled"), ("closed", 0, "shipped"), ("holded", 0, "pending"),
    ],
)  # fmt: skip
def test_statuses_are_mapped(status: str, shipped: int, expected: str):
    raw = remote_order(status=status, state=status, items=[remote_item(qty_shipped=shipped)])
    assert read_order(raw, STATUS_MAP).status == expected


def test_a_status_of_the_shops_own_falls_back_to_its_state():
    assert read_order(remote_order(status="picked_by_robot", state="processing"), STATUS_MAP).status == "rfs"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"items": []}, "has no items"), ({"items": None}, "has no items"),
        ({"grand_total": "12,50 or so"}, "grand_total is not a number"),
        ({"subtotal": 1, "grand_total": True}, "grand_total is not a number"),
        ({"items": [remote_item(qty_ordered="many")]}, "qty_ordered is not a number"),
        ({"items": [remote_item(qty_ordered=0)]}, "qty_ordered is 0"),
        ({"updated_at": "yesterday"}, "updated_at is not a date"),
        ({"increment_id": None}, "increment_id is missing"),
        ({"status": "x", "state": "y"}, "status map doesn't know"),
        ({"customer_email": "a" * 300}, "customer_email is longer than 255 characters"),
        ({"entity_id": "abc"}, "entity_id is not an id"),
    ],
)  # fmt: skip
def test_an_unusable_order_says_which_field_and_what_to_do(changes: dict[str, Any], reason: str):
    with pytest.raises(UnusableRecord) as caught:
        read_order(remote_order(**changes), STATUS_MAP)
    assert reason in caught.value.reason
    assert caught.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({*remote_order(), *remote_item()})


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6),
)
def test_no_answer_of_a_shop_can_do_worse_than_be_refused(
    order_changes: dict[str, Any], item_changes: dict[str, Any]
):
    raw = remote_order(items=[remote_item(**item_changes)]) | order_changes
    with contextlib.suppress(UnusableRecord):
        assert read_order(raw, STATUS_MAP).items
