"""What changed in the hub since last time."""

import datetime as dt
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mageferry.hub.connectors.models import (
    Direction,
    Magento2Seller,
    OrderItemMagento,
    OrderPaymentMagento2,
    OrderShipmentMagento,
    OrdersMagento,
)
from mageferry.hub.exchange import Position, changed_pages, changes, kind_named, settling, store_entity
from mageferry.hub.exchange.given import (
    GivenOrder,
    GivenProduct,
    GivenRefund,
    GivenShipment,
    GivenStatus,
    GivenStock,
)
from mageferry.hub.exchange.shapes import read
from mageferry.hub.trade.models import (
    Account,
    Location,
    LocationQuantity,
    Order,
    OrderPayment,
    OrderShipment,
    Product,
)
from tests.hub.builders import make_account, make_connector
from tests.hub.exchange.entities import order_entity, refund_entity, shipment_entity

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


@pytest.fixture
def account() -> Account:
    return make_account()


def at(seconds: int) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def read_all(
    kind: str, account: Account | None, since: Position | None = None, limit: int = 2
) -> tuple[list[Any], Position]:
    """Every page, the position going through JSON between them as it is stored."""
    entities: list[Any] = []
    while True:
        page = changes(kind, account, since, limit)
        assert len(page.entities) <= limit
        entities += page.entities
        since = Position.read(orjson.loads(orjson.dumps(page.position.data())))
        if not page.more:
            return entities, since


def test_an_order_goes_out_as_it_came_in(account: Account):
    store_entity("order", order_entity(), account)
    (order,) = changes("order", account, None).entities
    assert orjson.loads(orjson.dumps(order)) == order
    assert (order["account"], order["status"], order["grand_total"], order["magento"]) == (
        "AMZ",
        "rfs",
        45.6,
        [],
    )
    assert [(item["position"], item["sku"], item["tax_amount"]) for item in order["items"]] == [
        (1, "LAMP-1", 2.47), (2, "MUG-1", 0.7),
    ]  # fmt: skip
    assert order["shipping_address"]["street"] == "9 Pier Road\n2nd floor"
    read(GivenOrder, order)
    # Taken in by another account it is the same order.
    taken = {name: value for name, value in order.items() if name in kind_named("order").shape.model_fields}
    fields = type(kind_named("order").shape.model_validate(order_entity()).items[0]).model_fields
    taken["items"] = [{name: item[name] for name in item if name in fields} for item in order["items"]]
    other = make_account("Walmart", "WMT")
    store_entity("order", taken, other)
    (copy,) = changes("order", other, None).entities
    own = ("id", "account", "changed_at")
    assert {**copy, **dict.fromkeys(own)} == {**order, **dict.fromkeys(own)}


def test_an_order_says_what_it_is_in_magento(account: Account):
    order = Order.objects.get(pk=store_entity("order", order_entity(), account).pk)
    OrdersMagento.objects.create(
        order=order, magento2_connector=make_connector(), direction=Direction.EXPORTED, entity_id=15,
        increment_id="AMZ-MP-1001", store_id=32,
    )  # fmt: skip
    OrderItemMagento.objects.create(order_item=order.items.get(position=1), item_id=77)
    Order.objects.update(error="It has no phone number.", remedy="Add one.")
    (told,) = changes("order", account, None).entities
    (status,) = changes("order_status", account, None).entities
    link = {
        "connector": "Shop",
        "direction": "exported",
        "entity_id": 15,
        "increment_id": "AMZ-MP-1001",
        "store_id": 32,
    }
    assert told["magento"] == status["magento"] == [link]
    assert told["items"][0]["magento_item_id"] == 77
    assert (status["error"], status["remedy"]) == ("It has no phone number.", "Add one.")
    read(GivenStatus, status)


def test_shipments_and_refunds_go_out_with_their_order(account: Account):
    store_entity("order", order_entity(), account)
    store_entity("shipment", shipment_entity(), account)
    store_entity("refund", refund_entity(), account)
    OrderShipmentMagento.objects.create(
        order_shipment=OrderShipment.objects.get(), magento2_connector=make_connector(), shipment_id=8,
        direction=Direction.DOWNLOADED,
    )  # fmt: skip
    OrderPaymentMagento2.objects.create(
        order_payment=OrderPayment.objects.get(payment_type="refund"), return_created=True, return_id=9
    )
    (shipment,) = changes("shipment", account, None).entities
    assert shipment["items"] == [{"position": 1, "marketplace_item_id": "L1", "sku": "LAMP-1", "quantity": 2}]
    assert shipment["tracks"] == [{"number": "1Z99", "title": "UPS", "carrier_code": ""}]
    assert (shipment["marketplace_order_id"], shipment["origin"]) == ("MP-1001", "magento")
    assert (shipment["shipped_at"], shipment["magento_shipment_id"]) == ("2026-11-21T10:00:00Z", 8)
    (refund,) = changes("refund", account, None).entities
    assert (refund["amount"], refund["currency"], refund["return_created"], refund["return_id"]) == (
        15.72,
        "USD",
        True,
        9,
    )
    assert refund["items"][0]["back_to_stock"] is True
    read(GivenShipment, shipment)
    read(GivenRefund, refund)
    other = make_account("Walmart", "WMT")
    assert [changes(kind, other, None).entities for kind in ("order", "shipment", "refund")] == [[], [], []]


def test_a_track_that_comes_later_is_news(account: Account):
    store_entity("order", order_entity(), account)
    store_entity("shipment", shipment_entity(), account)
    _, position = read_all("shipment", account)
    assert changes("shipment", account, position).entities == []
    shipment = OrderShipment.objects.get()
    shipment.tracks.create(number="1Z100")
    shipment.save()
    (told,) = changes("shipment", account, position).entities
    assert [track["number"] for track in told["tracks"]] == ["1Z99", "1Z100"]


def test_stock_is_told_of_the_locations_of_the_account(account: Account):
    lamp = Product.objects.create(sku="LAMP-1", price=Decimal("14.99"))
    here, there = (Location.objects.create(name=code, code=code) for code in ("HERE", "THERE"))
    for location in (here, there):
        LocationQuantity.objects.create(product=lamp, location=location, quantity=5)
    assert [each["location"] for each in read_all("stock", account)[0]] == ["HERE", "THERE"]
    Magento2Seller.objects.create(connector=make_connector(), account=account, location=here, store_id=1)
    (stock,), _ = read_all("stock", account)
    assert (stock["sku"], stock["location"], stock["quantity"]) == ("LAMP-1", "HERE", 5)
    (product,), _ = read_all("product", None)
    assert (product["sku"], product["price"], product["weight"]) == ("LAMP-1", 14.99, None)
    read(GivenStock, stock)
    read(GivenProduct, product)


def test_what_a_slow_writer_brings_later_is_not_missed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settling, "settled_at", lambda: at(-1))
    first, late = (Product.objects.create(sku=sku) for sku in ("FIRST", "LATE"))
    Product.objects.filter(pk=first.pk).update(updated_at=at(10))
    Product.objects.filter(pk=late.pk).update(updated_at=at(-5))
    told, position = read_all("product", None)
    assert [each["sku"] for each in told] == ["LATE", "FIRST"]
    # Its transaction began before the first one's and ends only now.
    Product.objects.filter(pk=late.pk).update(updated_at=at(5))
    told, position = read_all("product", None, position)
    assert [each["sku"] for each in told] == ["LATE"]
    assert read_all("product", None, position)[0] == []
    monkeypatch.setattr(settling, "settled_at", lambda: at(20))
    told, position = read_all("product", None, position)
    assert (told, position.key, position.told) == ([], (at(10), first.pk), {})


def test_too_much_that_is_not_settled_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(changed_pages, "MOST_UNSETTLED", 3)
    monkeypatch.setattr(settling, "settled_at", lambda: at(-1))
    Product.objects.bulk_create(Product(sku=f"P{number}") for number in range(7))
    Product.objects.update(updated_at=at(0))
    told, position = read_all("product", None)
    assert [each["sku"] for each in told] == ["P0", "P1", "P2", "P3"]
    monkeypatch.setattr(settling, "settled_at", lambda: at(1))
    assert [each["sku"] for each in read_all("product", None, position)[0]] == ["P4", "P5", "P6"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_change_is_told_and_none_twice(db: None, monkeypatch: pytest.MonkeyPatch, data: st.DataObject):
    """Writers whose rows turn up late, readers of any page size, rows that change while they are read."""
    Product.objects.all().delete()
    clock, lag = 0, 5
    pending: list[tuple[int, str]] = []
    told: list[tuple[str, str]] = []
    written: set[tuple[str, str]] = set()
    position: Position | None = None
    monkeypatch.setattr(settling, "settled_at", lambda: at(clock - lag))

    def commit(stamp: int, sku: str) -> None:
        product, _ = Product.objects.get_or_create(sku=sku)
        name = f"{stamp}"
        # The one that ends last has the last word, whatever its clock said: moments of one row only grow.
        if not product.name or int(product.name) < stamp:
            Product.objects.filter(pk=product.pk).update(updated_at=at(stamp), name=name)
            written.add((sku, name))

    def look(limit: int) -> None:
        nonlocal position
        page = changes("product", None, position, limit)
        told.extend((each["sku"], each["name"]) for each in page.entities)
        position = page.position

    for _ in range(data.draw(st.integers(1, 25))):
        clock += data.draw(st.integers(0, 2))
        pending.append((clock, f"P{data.draw(st.integers(0, 4))}"))
        overdue = [each for each in pending if each[0] <= clock - lag + 1]
        ending = [each for each in pending if each in overdue or data.draw(st.booleans())]
        for each in ending:
            pending.remove(each)
            commit(*each)
        if data.draw(st.booleans()):
            look(data.draw(st.integers(1, 4)))
    for each in pending:
        commit(*each)
    clock += 2 * lag
    while True:
        before = len(told)
        look(2)
        if len(told) == before:
            break
    assert len(told) == len(set(told))
    assert set(told) <= written
    now = set(Product.objects.values_list("sku", "name"))
    assert now <= set(told), "The last state of every row was told."


@pytest.mark.parametrize(
    ("kind", "index"),
    [
        ("order", "orders_account_updated_at"), ("shipment", "order_shipment_updated_at"),
        ("refund", "order_payment_refund_changed"), ("stock", "location_quantity_updated_at"),
        ("product", "product_updated_at"),
    ],
)  # fmt: skip
def test_an_index_serves_what_changed(account: Account, kind: str, index: str):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
            )  # As for a large table.
    rows = changed_pages.SOURCES[kind].rows(account).filter(updated_at__gte=timezone.now())
    assert index in rows.order_by("updated_at", "pk").values_list("updated_at", "pk")[:101].explain()


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"changed_at": "now", "id": 1, "told": {}},
        {"changed_at": "2026-11-20", "id": 1, "told": {}},
        {"changed_at": 5, "id": 1, "told": []},
    ],
)  # fmt: skip
def test_a_broken_position_is_refused(broken: dict[str, Any]):
    with pytest.raises(ValueError, match="isn't a position"):
        Position.read(broken)


def test_a_page_needs_an_account_and_a_size(account: Account):
    with pytest.raises(ValueError, match="at least one entity"):
        changes("order", None, None)
    with pytest.raises(ValueError, match="at least one entity"):
        changes("product", None, None, 0)
    with pytest.raises(LookupError, match="The kinds are order"):
        changes("invoice", account, None)
