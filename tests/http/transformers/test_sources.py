"""Values from a storage or a request."""

import asyncio
from typing import Any

import pytest

from mageferry.http import AsyncHttpClient, HttpClient, HttpConfig, Next, TimedOut
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.subscriber.subscription import Transform
from mageferry.http.transformers import Ports, Transformed, TransformError, Transformers
from tests.http.local_server import Say, Seen, serving
from tests.http.publisher.remote import Answer, Remote, said


class Carriers:
    """A storage with the names of carriers."""

    def get(self, storage: str, key: str) -> Any:
        if storage != "carriers":
            raise LookupError(f"there is no storage {storage}")
        return {"dhl": {"name": "DHL"}}.get(key)


LOOK_UP = {"type": "look_up", "storage": "carriers", "key": "&{code}", "target": "carrier"}
CALL = {
    "type": "call",
    "client": "erp",
    "call": {"request": {"method": "GET", "path": "/stock/&{sku}"}},
    "result": "qty",
    "target": "stock",
}


def looked_up(entity: Any, **options: Any) -> Transformed:
    return Transformers.parse([{**LOOK_UP, **options}]).run_pure([entity], Ports(storage=Carriers()))


def test_a_storage_is_asked_by_a_key() -> None:
    assert looked_up({"code": "dhl"}).data == [{"code": "dhl", "carrier": {"name": "DHL"}}]
    assert looked_up({"code": "x"}, not_there="skip").data == [{"code": "x"}]
    assert looked_up({"code": "x"}, not_there="default", default="?").data == [{"code": "x", "carrier": "?"}]
    assert "nothing under its key" in looked_up({"code": "x"}).failures[0].message
    assert looked_up({"code": "x"}, storage="other").failures[0].message == "There is no storage other"
    assert "no storage" in Transformers.parse([LOOK_UP]).run_pure([{"code": "x"}]).failures[0].message.lower()


def called(*answers: Answer, entities: Any = ({"sku": "A"},), **options: Any) -> Transformed:
    remote = Remote(*answers)

    def client(name: str) -> Next:
        if name != "erp":
            raise LookupError(f"there is no client {name}")
        return remote.handle

    return remote.run(Transformers.parse([{**CALL, **options}]).run(entities, Ports(client=client)))


def test_a_call_puts_its_result_into_the_entity() -> None:
    assert called(said({"qty": 5})).data == [{"sku": "A", "stock": 5}]


@pytest.mark.parametrize("answer", [said({}, 404), said({"other": 1})])
def test_nothing_found_is_told_or_replaced(answer: Answer) -> None:
    assert "finds nothing" in called(answer).failures[0].message
    assert called(answer, not_there="skip").data == [{"sku": "A"}]
    assert called(answer, not_there="default", default=0).data == [{"sku": "A", "stock": 0}]


@pytest.mark.parametrize(
    ("answer", "transient"), [(TimedOut("late"), True), (said({}, 503), True), (said({}, 400), False)]
)
def test_a_call_that_fails_fails_its_entity_and_says_whether_to_try_again(
    answer: Answer, transient: bool
) -> None:
    result = called(answer, said({"qty": 1}), entities=[{"sku": "A"}, {"sku": "B"}])
    assert result.data == [{"sku": "B", "stock": 1}]
    assert [(failed.positions, failed.transient) for failed in result.failures] == [((0,), transient)]


def test_an_unknown_client_is_named() -> None:
    assert called(client="crm").failures[0].message == "There is no client crm"
    assert "no http client" in Transformers.parse([CALL]).run_pure([{"sku": "A"}]).failures[0].message.lower()


def stock(seen: Seen) -> Say:
    return Say(200, {"qty": len(seen.path)})


def test_both_clients_drive_the_same_transformers() -> None:
    transformers = Transformers.parse([CALL])
    entities = [{"sku": "A/1"}, {"sku": "BB"}]
    with serving(stock) as server:
        config = HttpConfig(plugins=(BaseUri(server.url),))
        with HttpClient(config) as blocking:
            one = blocking.run(transformers.run(entities, Ports(client=lambda name: blocking.handle)))

        async def transform() -> Transformed:
            async with AsyncHttpClient(config) as client:
                return await client.run(transformers.run(entities, Ports(client=lambda name: client.handle)))

        other = asyncio.run(transform())
    assert server.seen[0].target == "/stock/A%2F1"
    assert one.data == other.data == [{"sku": "A/1", "stock": 10}, {"sku": "BB", "stock": 9}]


def test_they_are_the_input_transformer_of_a_subscriber() -> None:
    split = {"type": "split", "source": "lines"}
    transform: Transform = Transformers.parse([split, {"type": "filter", "keep": "qty"}]).for_items()
    remote = Remote()
    assert remote.run(transform({"lines": [{"qty": 1}, {"qty": None}, {"qty": 2}]})) == [
        {"qty": 1},
        {"qty": 2},
    ]
    with pytest.raises(TransformError, match="finds no list"):
        remote.run(transform({"lines": "x"}))
