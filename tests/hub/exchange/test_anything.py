"""Whatever is told: it is taken over or refused with words, and telling it again changes nothing."""

import threading
from typing import Any

import orjson
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mageferry.hub.exchange import KINDS, Outcome, RefusedEntity, store_entity
from mageferry.hub.trade.models import Account, Location, Order, OrderItem, Product
from tests.hub.builders import make_account
from tests.hub.exchange.entities import order_entity, refund_entity, shipment_entity

EXAMPLES: dict[str, dict[str, Any]] = {
    "order": order_entity(),
    "order_status": {"marketplace_order_id": "MP-1001", "status": "shipped"},
    "shipment": shipment_entity(),
    "refund": refund_entity(),
    "stock": {"sku": "LAMP-1", "location": "MAIN", "quantity": 4},
    "product": {"sku": "LAMP-1", "name": "Lamp"},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=300)
    | st.sampled_from(["\ud800", "\x00", " ", "1e400", "9" * 70, "2026-11-20T08:00:00Z", "9999-12-31T23:59:59-14:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within an entity."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def put(entity: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the entity with another value at a place."""
    if not path:
        return value
    copy = dict(entity) if isinstance(entity, dict) else list(entity)
    copy[path[0]] = put(entity[path[0]], path[1:], value)
    return copy


class Undone(Exception):
    """Each example begins with the same database."""


@pytest.fixture
def account(db: None) -> Account:
    Product.objects.create(sku="LAMP-1")
    Location.objects.create(name="Main", code="MAIN")
    account = make_account()
    store_entity("order", order_entity(), account)
    return account


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_told_is_taken_over_or_refused_with_words(account: Account, data: st.DataObject):
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    entity: Any = EXAMPLES[kind]
    for _ in range(data.draw(st.integers(1, 2))):
        entity = put(entity, data.draw(st.sampled_from(places(entity))), data.draw(VALUES))
    refusal = ""
    try:
        with transaction.atomic():
            store_entity(kind, entity, account)
            assert store_entity(kind, entity, account).outcome == Outcome.UNCHANGED
            raise Undone
    except RefusedEntity as refused:
        refusal = f"{refused.reason}|{refused.remedy}"
    except Undone:
        refusal = "taken|over"
    said, _, remedy = refusal.partition("|")
    assert said.encode()
    assert remedy


def test_the_schema_of_a_kind_is_plain_json():
    for kind in KINDS.values():
        schema = orjson.loads(orjson.dumps(kind.json_schema))
        assert schema["additionalProperties"] is False
        assert all(field.get("description") for field in schema["properties"].values()), kind.name


@pytest.mark.django_db(transaction=True)
def test_an_order_that_several_tell_at_once_is_one():
    account = make_account()
    outcomes, start = [], threading.Barrier(4)

    def tell() -> None:
        try:
            start.wait(30)
            outcomes.append(store_entity("order", order_entity(), account).outcome)
        finally:
            connection.close()

    tellers = [threading.Thread(target=tell) for _ in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert sorted(outcomes) == ["created", "unchanged", "unchanged", "unchanged"]
    assert (Order.objects.count(), OrderItem.objects.count()) == (1, 2)
