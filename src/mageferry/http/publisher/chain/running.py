"""Chain HTTP publisher: named steps in their order, each with what earlier ones answered.

    chain = Chain.parse({"steps": [
        {"name": "find", "request": {"method": "GET", "path": "/customers", "query": {"email": "&{entity.email}"}}},
        {"name": "customer", "when": "find.total == `0`",
         "request": {"path": "/customers", "body": {"email": "&{entity.email}"}}},
        {"name": "order", "request": {"path": "/orders",
                                      "body": {"customer": "&{customer.id || find.items[0].id}"}}},
    ]})
    result = client.run(chain.run(client.handle, order, ids=ids, save=store))

`save` is given the state before each request and after each answer. To go on later, after a crash or a failure,
give the last one as `state`: finished steps are not done again, and one of which no answer is known is looked up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from mageferry.http.descriptions import read
from mageferry.http.flow import Flow, Next
from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders import Scope, TemplateError, reveal
from mageferry.http.publisher.caller import unfilled
from mageferry.http.publisher.chain.described import Action, ChainDescription
from mageferry.http.publisher.chain.ids import IdMap, MemoryIdMap
from mageferry.http.publisher.chain.state import ChainState, Finished
from mageferry.http.publisher.chain.step import Step
from mageferry.http.publisher.publishing import Publisher
from mageferry.http.publisher.result import Outcome, Published


@dataclass(frozen=True, slots=True)
class ChainResult:
    """How a run of a chain ended. `state` is the last that was saved, `step` where it ended ("" after the last),
    `sent` what this run sent, with the names of the steps."""

    outcome: Outcome
    state: ChainState
    step: str = ""
    message: str = ""
    remedy: str = ""
    wait_seconds: float | None = None
    sent: tuple[tuple[str, Published], ...] = ()


class Chain:
    """See the module."""

    def __init__(self, description: ChainDescription, path: str = "") -> None:
        at = f"{path}." if path else ""
        self._steps = [Step(step, f"{at}steps[{index}]") for index, step in enumerate(description.steps)]

    @classmethod
    def parse(cls, description: Any, path: str = "") -> Self:
        """From decoded JSON. Raises ConfigError with all that is wrong."""
        return cls(read(ChainDescription, description, path), path)

    def run(
        self,
        next: Next,
        entity: Any,
        scope: Scope | None = None,
        *,
        ids: IdMap | None = None,
        state: ChainState | None = None,
        save: Callable[[ChainState], object] = lambda state: None,
    ) -> Flow[ChainResult]:
        """Run the steps that are left. Raises only what `ids` and `save` raise; the state stays usable then."""
        run = _Run(next, entity, scope or Scope(), ids or MemoryIdMap(), state or ChainState(), save)
        return (yield from run.through(self._steps))


class _Run:
    """One run: the data at hand, and how far it is."""

    def __init__(
        self,
        next: Next,
        entity: Any,
        scope: Scope,
        ids: IdMap,
        state: ChainState,
        save: Callable[[ChainState], object],
    ) -> None:
        self._next = next
        self._entity = entity
        self._scope = scope
        self._ids = ids
        self._state = state
        self._save = save
        self._sent: list[tuple[str, Published]] = []

    def through(self, steps: list[Step]) -> Flow[ChainResult]:
        if self._state.ended is not None:
            return self._result(self._state.ended, message=self._state.message)
        left = [step for step in steps if step.name not in self._state.finished]
        if self._is_at_work and (not left or left[0].name != self._state.current):
            message = f"The step {self._state.current}, which is at work, is not the next one any more"
            return self._changed(message)
        for step in left:
            if step.action is Action.REQUEST:
                stopped = yield from self._request(step)
            else:
                stopped = self._end(step)
            if stopped is not None:
                return stopped
        self._keep(replace(self._state, current="", ended=Outcome.DONE))
        return self._result(Outcome.DONE)

    @property
    def _is_at_work(self) -> bool:
        """Whether a step was begun in a way that cannot simply be begun anew."""
        return bool(self._state.sending or self._state.answered or self._state.items)

    def _end(self, step: Step) -> ChainResult | None:
        """A step that ends the chain, when its condition holds."""
        try:
            scope = self._scope_of(step, None, None)
            if not step.applies(scope):
                self._keep(self._state.finish(step.name, Finished(Outcome.SKIPPED)))
                return None
            message = step.message(scope)
        except TemplateError as error:
            return self._stopped(step, unfilled(error))
        if step.action is Action.FAIL:
            return self._stopped(step, Published(Outcome.REFUSED, message, "Mend what the message says."))
        outcome = Outcome.DONE if step.action is Action.STOP else Outcome.SKIPPED
        self._keep(replace(self._state, current=step.name, ended=outcome, message=message))
        return self._result(outcome, step.name, message)

    def _request(self, step: Step) -> Flow[ChainResult | None]:
        if self._state.current != step.name:
            self._state = replace(self._state, current=step.name)
        if not step.is_for_each:
            done = yield from self._one(step, None, None)
            if isinstance(done, Published):
                return self._stopped(step, done)
            self._keep(self._state.finish(step.name, done))
            return None
        return (yield from self._for_each(step))

    def _for_each(self, step: Step) -> Flow[ChainResult | None]:
        try:
            items = step.items(self._data_scope({}, None, None))
        except TemplateError as error:
            return self._stopped(step, self._failed(error))
        before = self._state.items
        if len(items) < len(before) or any(
            done.item != _print(item) for done, item in zip(before, items, strict=False)
        ):
            return self._changed(
                f"The list of step {step.name} is not what it was when its first items were sent"
            )
        for index in range(len(before), len(items)):
            done = yield from self._one(step, items[index], index)
            if isinstance(done, Published):
                return self._stopped(step, done)
            self._keep(self._state.finish_item(done))
        bodies = [done.body for done in self._state.items]
        whole = Finished(Outcome.DONE, bodies, status=None)
        self._keep(self._state.finish(step.name, whole))
        return None

    def _one(self, step: Step, item: Any, index: int | None) -> Flow[Finished | Published]:
        """One request of a step: what came of it, or why it stopped."""
        mark = "" if index is None else _print(item)
        if (self._state.sending or self._state.answered) and self._state.item != mark:
            return Published(Outcome.UNCLEAR, "The item that was at work is not what it was", _CHANGED)
        if self._state.answered is None:
            try:
                scope = self._scope_of(step, item, index)
                if not self._state.sending and not step.applies(scope):
                    return Finished(Outcome.SKIPPED, item=mark)
            except TemplateError as error:
                return self._failed(error)
            published = yield from self._exchange(step, step.publisher, scope, mark)
            if published.outcome is not Outcome.DONE:
                return published
            about = (published.body, published.remote_id, published.status, published.adopted, mark)
            self._state = replace(self._state, sending=False, answered=Finished(Outcome.DONE, *about))
        return self._finish(step, item, index)

    def _exchange(self, step: Step, publisher: Publisher | None, scope: Scope, mark: str) -> Flow[Published]:
        assert publisher is not None, "a step of this action has a request"
        looked = None
        if self._state.sending:
            looked = yield from publisher.look(self._next, scope)
        if looked is None:
            about = replace(self._state, item=mark, sending=True)
            published = yield from publisher.send(self._next, scope, lambda: self._keep(about))
        else:
            published = looked
        self._sent.append((step.name, published))
        if published.outcome in (Outcome.REFUSED, Outcome.TRANSIENT) and self._state.sending:
            self._keep(replace(self._state, sending=False, item=""))
        return published

    def _finish(self, step: Step, item: Any, index: int | None) -> Finished | Published:
        """What is left to do once the answer is there; if that fails, the request still does not go again."""
        answered = self._state.answered
        assert answered is not None, "a step is finished with its answer"
        if step.saves_ids:
            # Kept before, because the id map may be out of reach.
            self._keep(self._state)
        try:
            done = replace(answered, body=step.kept(answered.body, self._scope))
            if step.saves_ids:
                extra: dict[str, Any] = {} if index is None else {"item": item, "index": index}
                data = self._data(self._read(step, item, index), extra)
                data[step.name] = done.body
                data["steps"][step.name] = _shown(done)
                step.save_ids(self._scope.with_data(data), done.remote_id, self._ids)
        except TemplateError as error:
            self._keep(self._state)
            return self._failed(error)
        return done

    def _read(self, step: Step, item: Any, index: int | None) -> dict[str, Any]:
        return step.read_ids(self._data_scope({}, item, index), self._ids)

    def _scope_of(self, step: Step, item: Any, index: int | None) -> Scope:
        return self._data_scope(self._read(step, item, index), item, index)

    def _data_scope(self, ids: dict[str, Any], item: Any, index: int | None) -> Scope:
        extra = {} if index is None else {"item": item, "index": index}
        return self._scope.with_data(self._data(ids, extra))

    def _data(self, ids: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        """What the texts of a step see."""
        finished = self._state.finished
        return {
            **{name: done.body for name, done in finished.items()},
            **extra,
            "entity": self._entity,
            "ids": ids,
            "steps": {name: _shown(done) for name, done in finished.items()},
        }

    def _failed(self, error: TemplateError) -> Published:
        """A text that cannot be filled: a request that may have gone stays unclear."""
        outcome = Outcome.UNCLEAR if self._state.sending else Outcome.REFUSED
        return replace(unfilled(error), outcome=outcome)

    def _keep(self, state: ChainState) -> None:
        self._state = state
        self._save(state)

    def _changed(self, message: str) -> ChainResult:
        outcome = Outcome.UNCLEAR if self._state.sending else Outcome.REFUSED
        return self._result(outcome, self._state.current, message, _CHANGED)

    def _stopped(self, step: Step, why: Published) -> ChainResult:
        stopped = self._result(why.outcome, step.name, f"Step {step.name}: {why.message}", why.remedy)
        return replace(stopped, wait_seconds=why.wait_seconds)

    def _result(self, outcome: Outcome, step: str = "", message: str = "", remedy: str = "") -> ChainResult:
        return ChainResult(outcome, self._state, step, message, remedy, sent=tuple(self._sent))


_CHANGED: Final = (
    "Take the change back until this one is through, or begin it anew after looking what was made."
)


def _shown(done: Finished) -> dict[str, Any]:
    """What other steps see of a step besides its answer."""
    return {"outcome": str(done.outcome), "status": done.status, "id": done.remote_id, "body": done.body}


def _print(item: Any) -> str:
    """What tells an item of a list from another, without keeping it."""
    try:
        written = json_bytes(reveal(item))
    except TypeError:
        written = repr(reveal(item)).encode("utf-8", "replace")
    return hashlib.sha256(written).hexdigest()[:16]
