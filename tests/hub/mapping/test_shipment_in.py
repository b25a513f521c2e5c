"""A Magento shipment read into the hub's terms."""

from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import OrderItemMagento
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.shipment_in import TrackRecord, match_shipped, order_id_of, read_shipment
from mageferry.hub.trade.models import OrderItem


def remote_shipment(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "entity_id": 42, "increment_id": "000000042", "order_id": 7, "created_at": "2026-11-20 08:00:00",
        "items": [{"order_item_id": 11, "sku": "LAMP", "qty": 2}],
        "tracks": [{"track_number": "1Z", "title": "UPS", "carrier_code": "ups"}],
    }  # fmt: skip
    return row | changes


def item(
    pk: int, sku: str, quantity: int = 2, remote: tuple[int, int | None] | None = None, **more: Any
) -> OrderItem:
    """A hub item; `remote` is its item_id in Magento and its bundle's."""
    made = OrderItem(pk=pk, sku=sku, quantity=Decimal(quantity), **more)
    # As loaded from the database when there is nothing.
    made._state.fields_cache["magento"] = None
    if remote is not None:
        made.magento = OrderItemMagento(order_item=made, item_id=remote[0], parent_item_id=remote[1])
    return made


def shipped(*rows: tuple[int, str, float]) -> Any:
    return read_shipment(
        remote_shipment(items=[{"order_item_id": key, "sku": sku, "qty": qty} for key, sku, qty in rows])
    )


def test_a_shipment_is_read():
    record = read_shipment(remote_shipment())
    assert (record.shipment_id, record.order_id) == (42, 7)
    assert record.shipped_at.isoformat() == "2026-11-20T08:00:00+00:00"
    assert record.tracks == (TrackRecord("1Z", "UPS", "ups"),)


def test_tracks_without_a_number_and_items_without_a_quantity_say_nothing():
    tracks = [{"track_number": " ", "title": "UPS"}, {"track_number": None}]
    items = [*remote_shipment()["items"], {"order_item_id": 12, "sku": "X", "qty": 0}]
    record = read_shipment(remote_shipment(tracks=tracks, items=items))
    assert record.tracks == ()
    assert [each.sku for each in record.items] == ["LAMP"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"items": []}, "Shipment 000000042 has no items"),
        ({"items": "x"}, "items that can't be read"),
        ({"tracks": [1]}, "tracks that can't be read"),
        ({"created_at": "yesterday"}, "created_at is not a date"),
        ({"order_id": None}, "order_id is not an id"),
        ({"tracks": [{"track_number": "1" * 300}]}, "track_number is longer than 255"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], words: str):
    with pytest.raises(UnusableRecord, match=words):
        read_shipment(remote_shipment(**changes))


def test_something_else_than_a_shipment_is_named():
    with pytest.raises(UnusableRecord, match="isn't a shipment"):
        order_id_of([])


def test_items_are_matched_by_their_id_also_when_the_sku_is_there_twice():
    items = [item(1, "MUG", remote=(10, None)), item(2, "MUG", remote=(11, None))]
    assert match_shipped(shipped((11, "MUG", 1)), items) == {2: 1}


def test_a_bundle_stands_for_its_components():
    items = [
        item(1, "KIT", 2, product_type="bundle"),
        item(2, "POT", 2, (31, 30), bundle_sku="KIT"),
        item(3, "MUG", 4, (32, 30), bundle_sku="KIT"),
    ]
    assert match_shipped(shipped((30, "KIT", 1)), items) == {2: 1, 3: 2}


def test_an_item_whose_id_is_not_known_is_matched_by_an_sku_that_is_there_once():
    assert match_shipped(shipped((99, "LAMP", 1)), [item(1, "LAMP"), item(2, "MUG")]) == {1: 1}
    with pytest.raises(UnusableRecord, match=r"holds MUG \(item 99\)"):
        match_shipped(shipped((99, "MUG", 1)), [item(1, "MUG"), item(2, "MUG")])


def test_no_more_is_shipped_than_was_ordered():
    items = [item(1, "LAMP", 2, (11, None))]
    assert match_shipped(shipped((11, "LAMP", 2), (11, "LAMP", 2)), items) == {1: 2}
