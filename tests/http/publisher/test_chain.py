"""Chains: what steps see, when they run, and how a chain goes on after it broke off."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from mageferry.http import Request, Secret, TimedOut
from mageferry.http.config import ConfigError
from mageferry.http.placeholders import Scope
from mageferry.http.publisher import Outcome
from mageferry.http.publisher.chain import (
    Chain,
    ChainResult,
    ChainState,
    ChainStateError,
    MemoryIdMap,
)
from tests.http.publisher.remote import Answer, Remote, said

ORDER: dict[str, Any] = {
    "number": "W-1",
    "email": "ann@example.com",
    "items": [{"sku": "A", "qty": 1}, {"sku": "B", "qty": 0}, {"sku": "C", "qty": 2}],
}


def look_up(path: str, **query: str) -> dict[str, Any]:
    return {"look_up": {"request": {"method": "GET", "path": path, "query": query}, "found": "items"}}


# A customer that may be known already, the order, a line each with a quantity, and the order's confirmation.
STEPS: list[dict[str, Any]] = [
    {
        "name": "find",
        "read_ids": {"known": {"map": "customers", "key": "&{entity.email}"}},
        "when": "!(ids.known)",
        "request": {"method": "GET", "path": "/customers", "query": {"email": "&{entity.email}"}},
        "keep": "{id: items[0].id}",
    },
    {
        "name": "customer",
        "when": "steps.find.outcome == 'done' && !(find.id)",
        "request": {"path": "/customers", "body": {"email": "&{entity.email}"}},
        "answer": {"id": "id"},
        "repeat": look_up("/customers", email="&{entity.email}"),
        "save_ids": [{"map": "customers", "key": "&{entity.email}"}],
    },
    {
        "name": "order",
        "read_ids": {"customer": {"map": "customers", "key": "&{entity.email}"}},
        "request": {
            "path": "/orders",
            "body": {"number": "&{entity.number}", "customer": "&{ids.customer || find.id}"},
        },
        "answer": {"id": "id"},
        "repeat": look_up("/orders", number="&{entity.number}"),
    },
    {
        "name": "lines",
        "for_each": "entity.items",
        "when": "item.qty > `0`",
        "request": {"path": "/lines", "body": {"order": "&{order.id}", "sku": "&{item.sku}"}},
        "answer": {"id": "id"},
        "repeat": look_up("/lines", sku="&{item.sku}"),
        "save_ids": [{"map": "lines", "key": "&{entity.number}/&{item.sku}", "value": "&{lines.id}"}],
    },
    {
        "name": "confirm",
        "request": {"method": "PUT", "path": "/orders/&{order.id}/confirmed"},
        "repeat": {"safe": True},
    },
]


class Shop:
    """A system that makes what it is told, as often as it is told."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []

    def answer(self, request: Request) -> Answer:
        path, _, query = request.url.partition("?")
        if request.method == "PUT":
            return said()
        if request.method == "POST":
            self.made.append((path, {**orjson.loads(request.content), "id": len(self.made) + 1}))
            return said(self.made[-1][1], 201)
        name, _, value = query.replace("%40", "@").partition("=")
        return said({"items": [it for at, it in self.made if at == path and it.get(name) == value]})

    def kinds(self) -> list[str]:
        return [path for path, _ in self.made]


class Crash(Exception):
    """The process is gone."""


def run_chain(
    remote: Remote, state: ChainState | None = None, steps: Any = None, entity: Any = ORDER, **ports: Any
) -> ChainResult:
    chain = Chain.parse({"steps": STEPS if steps is None else steps})
    return remote.run(chain.run(remote.handle, entity, state=state, **ports))


def test_steps_use_what_earlier_ones_answered() -> None:
    shop, ids = Shop(), MemoryIdMap()
    remote = Remote(by=shop.answer)
    result = run_chain(remote, ids=ids)
    assert (result.outcome, result.message) == (Outcome.DONE, "")
    assert remote.lines == [
        "GET /customers?email=ann%40example.com",
        "POST /customers",
        "POST /orders",
        "POST /lines",
        "POST /lines",
        "PUT /orders/2/confirmed",
    ]
    assert shop.made[1][1] == {"number": "W-1", "customer": "1", "id": 2}
    assert [line["sku"] for path, line in shop.made if path == "/lines"] == ["A", "C"]
    assert ids.get("customers", "ann@example.com") == "1"
    assert (ids.get("lines", "W-1/C"), ids.get("lines", "W-1/B")) == ("4", None)
    assert [name for name, _ in result.sent] == ["find", "customer", "order", "lines", "lines", "confirm"]


def test_what_an_id_map_knows_is_not_made_again() -> None:
    shop, ids = Shop(), MemoryIdMap()
    ids.put("customers", "ann@example.com", "99")
    run_chain(Remote(by=shop.answer), ids=ids)
    assert shop.kinds() == ["/orders", "/lines", "/lines"]
    assert shop.made[0][1]["customer"] == "99"


class Breaking:
    """Counts everything that a process does which can be seen from outside, and crashes at the nth."""

    def __init__(self, at: int, shop: Shop, ids: MemoryIdMap) -> None:
        self.left = at
        self.shop, self.ids = shop, ids
        self.stored: Any = None

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash

    def answer(self, request: Request) -> Answer:
        self.step()
        answer = self.shop.answer(request)
        # The request was carried out, the answer is lost with the process.
        self.step()
        return answer

    def save(self, state: ChainState) -> None:
        self.step()
        self.stored = orjson.dumps(state.to_json())
        self.step()

    def get(self, name: str, local_id: str) -> str | None:
        return self.ids.get(name, local_id)

    def put(self, name: str, local_id: str, remote_id: str) -> None:
        self.step()
        self.ids.put(name, local_id, remote_id)
        self.step()

    def state(self) -> ChainState | None:
        return ChainState.from_json(orjson.loads(self.stored)) if self.stored else None


def crash_and_resume(
    at: int, resend: Callable[[Breaking], ChainResult]
) -> tuple[bool, Breaking, ChainResult]:
    """Run until the nth thing happens, then go on with a process that lives."""
    breaking = Breaking(at, Shop(), MemoryIdMap())
    try:
        return False, breaking, resend(breaking)
    except Crash:
        breaking.left = 0
        return True, breaking, resend(breaking)


def resumed(breaking: Breaking) -> ChainResult:
    remote = Remote(by=breaking.answer)
    return run_chain(remote, breaking.state(), ids=breaking, save=breaking.save)


def test_a_chain_that_crashed_anywhere_goes_on_and_makes_everything_once() -> None:
    at, crashed = 0, True
    while crashed:
        at += 1
        crashed, breaking, result = crash_and_resume(at, resumed)
        assert result.outcome is Outcome.DONE, f"crashed at {at}: {result.message}"
        assert breaking.shop.kinds() == ["/customers", "/orders", "/lines", "/lines"], f"crashed at {at}"
        assert breaking.shop.made[1][1]["customer"] == "1"
        kept = [breaking.ids.get("lines", f"W-1/{sku}") for sku in "AC"]
        assert kept == ["3", "4"], f"crashed at {at}"
    assert at > 40


@pytest.mark.parametrize("lost", range(6))
def test_a_chain_whose_answer_is_lost_anywhere_makes_everything_once(lost: int) -> None:
    shop, ids, states = Shop(), MemoryIdMap(), list[ChainState]()
    count = 0

    def answer(request: Request) -> Answer:
        nonlocal count
        count += 1
        came = shop.answer(request)
        return TimedOut("late") if count == lost + 1 else came

    first = run_chain(Remote(by=answer), ids=ids, save=states.append)
    assert first.outcome in (Outcome.UNCLEAR, Outcome.TRANSIENT)
    assert first.state == states[-1]
    second = run_chain(Remote(by=answer), first.state, ids=ids)
    assert second.outcome is Outcome.DONE
    assert shop.kinds() == ["/customers", "/orders", "/lines", "/lines"]
    assert ids.get("lines", "W-1/A") == "3"


def test_a_finished_chain_does_nothing_more() -> None:
    done = run_chain(Remote(by=Shop().answer))
    again = run_chain(Remote(), done.state)
    assert (again.outcome, again.sent) == (Outcome.DONE, ())


ONE = [{"name": "create", "request": {"path": "/x"}, "answer": {"id": "id"}}]


def test_without_a_look_up_a_person_settles_it() -> None:
    first = run_chain(Remote(TimedOut("late")), steps=ONE)
    assert (first.outcome, first.step) == (Outcome.UNCLEAR, "create")
    assert run_chain(Remote(), first.state, steps=ONE).outcome is Outcome.UNCLEAR
    assert run_chain(Remote(said({"id": 7})), first.state.send_again(), steps=ONE).outcome is Outcome.DONE
    settled = run_chain(Remote(), first.state.settle({"id": 7}, 7), steps=ONE)
    assert (settled.outcome, settled.state.finished["create"].remote_id) == (Outcome.DONE, 7)


@pytest.mark.parametrize(("status", "outcome"), [(400, Outcome.REFUSED), (429, Outcome.TRANSIENT)])
def test_a_refused_step_is_sent_again_when_the_chain_goes_on(status: int, outcome: Outcome) -> None:
    first = run_chain(Remote(said({"message": "not yet so"}, status, retry_after="7")), steps=ONE)
    assert first.outcome is outcome
    assert first.message == f"Step create: The server answered {status}: not yet so"
    assert first.wait_seconds == (7 if status == 429 else None)
    assert run_chain(Remote(said({"id": 1})), first.state, steps=ONE).outcome is Outcome.DONE


def test_an_id_that_cannot_be_saved_does_not_send_again() -> None:
    steps = [{**ONE[0], "save_ids": [{"map": "m", "key": "&{entity.missing}"}]}]
    first = run_chain(Remote(said({"id": 7})), steps=steps)
    assert first.outcome is Outcome.REFUSED
    assert "save_ids[0].key" in first.message
    ids = MemoryIdMap()
    mended = run_chain(Remote(), first.state, steps=steps, entity={"missing": "W-1"}, ids=ids)
    assert (mended.outcome, ids.get("m", "W-1")) == (Outcome.DONE, "7")


@pytest.mark.parametrize(
    ("step", "outcome", "message"),
    [
        ({"action": "stop", "message": "enough: &{entity.number}"}, Outcome.DONE, "enough: W-1"),
        ({"action": "skip", "message": "not ours"}, Outcome.SKIPPED, "not ours"),
        (
            {"action": "fail", "message": "no stock of &{first.sku}"},
            Outcome.REFUSED,
            "Step end: no stock of A",
        ),
    ],
)
def test_a_step_can_end_the_chain(step: dict[str, Any], outcome: Outcome, message: str) -> None:
    steps = [
        {"name": "first", "request": {"method": "GET", "path": "/stock"}},
        {"name": "end", "when": "first.sku == 'A'", **step},
        {"name": "never", "request": {"path": "/never"}},
    ]
    remote = Remote(said({"sku": "A"}))
    result = run_chain(remote, steps=steps)
    assert (result.outcome, result.message, result.step) == (outcome, message, "end")
    assert run_chain(Remote(), result.state, steps=steps).outcome is outcome
    passing = Remote(said({"sku": "B"}), said())
    assert run_chain(passing, steps=steps).outcome is Outcome.DONE
    assert len(passing.seen) == 2


def test_a_message_shows_no_secret() -> None:
    steps = [{"name": "end", "action": "fail", "message": "key @{globals.key}"}]
    chain = Chain.parse({"steps": steps})
    remote = Remote()
    scope = Scope(context={"globals": {"key": Secret("CANARY")}})
    assert remote.run(chain.run(remote.handle, {}, scope)).message == "Step end: ********"


def test_a_secret_is_not_kept_in_the_state() -> None:
    chain = Chain.parse({"steps": [{**ONE[0], "keep": "@{globals}"}]})
    remote = Remote(said({"id": 1}))
    result = remote.run(chain.run(remote.handle, {}, Scope(context={"globals": {"key": Secret("CANARY")}})))
    assert result.outcome is Outcome.REFUSED
    assert "CANARY" not in str(result.state.to_json())


def test_a_needed_id_that_is_not_there_stops_the_chain() -> None:
    steps = [
        {
            "name": "a",
            "read_ids": {"c": {"map": "customers", "key": "&{entity.email}", "needed": True}},
            "request": {"path": "/x"},
        }
    ]
    result = run_chain(Remote(), steps=steps)
    assert result.outcome is Outcome.REFUSED
    assert "customers" in result.message


def test_a_list_that_changed_meanwhile_is_not_gone_on_with() -> None:
    steps = [{**STEPS[3], "request": {"path": "/lines", "body": {"sku": "&{item.sku}"}}, "save_ids": []}]
    first = run_chain(Remote(said({"id": 1}), said({}, 400)), steps=steps)
    other = {**ORDER, "items": [{"sku": "X", "qty": 1}, *ORDER["items"]]}
    result = run_chain(Remote(), first.state, steps=steps, entity=other)
    assert result.outcome is Outcome.REFUSED
    assert "not what it was" in result.message
    assert run_chain(Remote(said({"id": 2})), first.state, steps=steps).outcome is Outcome.DONE


def test_a_chain_that_was_changed_around_an_unclear_step_stops() -> None:
    first = run_chain(Remote(TimedOut("late")), steps=ONE)
    other = [{"name": "other", "request": {"path": "/y"}}]
    result = run_chain(Remote(), first.state, steps=other)
    assert (result.outcome, result.step) == (Outcome.UNCLEAR, "create")


def test_a_for_each_over_no_list_is_refused_and_over_nothing_is_done() -> None:
    steps = [{"name": "a", "for_each": "entity.number", "request": {"path": "/x"}}]
    assert run_chain(Remote(), steps=steps).outcome is Outcome.REFUSED
    steps = [{"name": "a", "for_each": "entity.nothing", "request": {"path": "/x"}}]
    assert run_chain(Remote(), steps=steps).outcome is Outcome.DONE


@pytest.mark.parametrize(
    "stored", [None, {}, {"version": 2}, {"version": 1, "finished": {"a": {"outcome": "x"}}}]
)
def test_a_state_that_is_none_is_refused(stored: Any) -> None:
    with pytest.raises(ChainStateError):
        ChainState.from_json(stored)


@pytest.mark.parametrize(
    ("steps", "path", "text"),
    [
        ([], "steps", "is empty"),
        ([{"name": "a"}], "steps[0]", "has a request"),
        ([{"name": "ids", "request": {"path": "/"}}], "steps[0]", "cannot be named"),
        ([{"name": "a b", "request": {"path": "/"}}], "steps[0].name", "pattern"),
        ([{"name": "a", "action": "fail"}], "steps[0]", "needs a message"),
        ([{"name": "a", "action": "stop", "for_each": "x"}], "steps[0]", "only requests"),
        ([ONE[0], ONE[0]], "", "two steps named create"),
        ([{**ONE[0], "when": "a["}], "steps[0].when", "ends too early"),
        ([{**ONE[0], "answer": {}, "save_ids": [{"map": "m", "key": "k"}]}], "steps[0]", "where the id is"),
        ([{**ONE[0], "request": {"path": "&{"}}], "steps[0].request.path", "never closed"),
    ],
)
def test_what_is_wrong_with_a_chain_is_told_with_its_path(steps: Any, path: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Chain.parse({"steps": steps})
    assert [problem.path for problem in caught.value.problems] == [path]
    assert text in caught.value.problems[0].message
