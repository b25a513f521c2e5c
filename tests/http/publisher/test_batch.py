"""Many entities in few requests, each with an outcome of its own."""

from typing import Any

import pytest

from mageferry.http import TimedOut
from mageferry.http.publisher import Published, Publisher
from tests.http.publisher.remote import Answer, Remote, said

STOCK = [{"sku": "A", "qty": 1}, {"sku": "B", "qty": 2}, {"sku": "C", "qty": 3}]
ITEM = {"sku": "&{sku}", "quantity": "&{qty}"}
KEYED = {"item": ITEM, "results": "results", "entity_key": "sku", "result_key": "sku"}


def published(
    batch: dict[str, Any], *answers: Answer, entities: Any = STOCK, **parts: Any
) -> tuple[list[Published], Remote]:
    remote = Remote(*answers)
    how = Publisher.parse(
        {
            "request": {"path": "/stock", "body": {"items": "&{items}"}},
            "answer": {"id": "id", "error": "error"},
            "batch": batch,
            **parts,
        }
    )
    return remote.run(how.publish_batch(remote.handle, entities)), remote


def outcomes(results: list[Published]) -> list[str]:
    return [str(result.outcome) for result in results]


def test_entities_go_in_portions_and_results_come_in_order() -> None:
    batch = {"size": 2, "item": ITEM, "results": "results"}
    results, remote = published(
        batch, said({"results": [{"id": 1}, {"error": "no stock"}]}), said({"results": [{"id": 3}]})
    )
    assert remote.bodies[0] == {"items": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}]}
    assert outcomes(results) == ["done", "refused", "done"]
    assert [result.remote_id for result in results] == [1, None, 3]
    assert "no stock" in results[1].message


def test_results_are_told_apart_by_key_and_what_has_none_is_unclear() -> None:
    results, _ = published(KEYED, said({"results": [{"sku": "C", "id": 3}, {"sku": "A", "id": 1}]}))
    assert outcomes(results) == ["done", "unclear", "done"]
    assert [result.remote_id for result in results] == [1, None, 3]


def test_a_server_may_tell_only_what_failed() -> None:
    batch = {**KEYED, "unmentioned_are_done": True}
    results, _ = published(batch, said({"results": [{"sku": "B", "error": "unknown"}]}))
    assert outcomes(results) == ["done", "refused", "done"]


def test_a_key_that_is_there_twice_says_nothing_of_either() -> None:
    batch = {**KEYED, "unmentioned_are_done": True}
    twice = [{"sku": "B", "error": "x"}, {"sku": "B", "id": 1}]
    assert outcomes(published(batch, said({"results": twice}))[0]) == ["done", "unclear", "done"]
    same = [STOCK[0], STOCK[0], STOCK[1]]
    assert outcomes(published(batch, said({"results": []}), entities=same)[0]) == [
        "unclear",
        "unclear",
        "done",
    ]


@pytest.mark.parametrize("body", [{"results": [{"id": 1}]}, {"results": None}, {}, "text"])
def test_results_that_do_not_fit_leave_all_unclear(body: Any) -> None:
    results, _ = published({"item": ITEM, "results": "results"}, said(body))
    assert outcomes(results) == ["unclear"] * 3


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(said({}, 400), "refused"), (TimedOut("late"), "unclear"), (said({}, 429), "transient")],
)
def test_a_portion_that_fails_fails_whole(answer: Answer, outcome: str) -> None:
    results, _ = published({"size": 2, **KEYED}, answer, said({"results": [{"sku": "C", "id": 3}]}))
    assert outcomes(results) == [outcome, outcome, "done"]


def test_an_entity_that_cannot_be_filled_in_fails_alone() -> None:
    results, remote = published(
        KEYED, said({"results": [{"sku": "A", "id": 1}]}), entities=[{"sku": "X"}, STOCK[0]]
    )
    assert outcomes(results) == ["refused", "done"]
    assert "batch.item.quantity" in results[0].message
    assert len(remote.seen) == 1


def test_without_batch_each_goes_alone() -> None:
    remote = Remote(*[said({"id": 1})] * 3)
    how = Publisher.parse({"request": {"path": "/stock/&{sku}"}})
    assert outcomes(remote.run(how.publish_batch(remote.handle, STOCK))) == ["done"] * 3
    assert remote.lines == ["POST /stock/A", "POST /stock/B", "POST /stock/C"]
