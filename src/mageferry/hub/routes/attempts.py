"""One attempt at a task: what it has at hand, what it notes down, and what its end means for the unit of work."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from mageferry.http import HttpClient
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.plugins.log import Exchange
from mageferry.hub.pipelines.journal import cut, storable
from mageferry.hub.routes.batches import Announced, Prepared
from mageferry.hub.routes.ends import End, write_ends, write_notes
from mageferry.hub.routes.models import Outgoing, Route, RouteTask
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.rows import change_tasks
from mageferry.hub.work import ledger
from mageferry.hub.work.bulk import Row
from mageferry.hub.work.clock import Now
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Step, WorkUnit
from mageferry.hub.work.units import Shared
from mageferry.hub.work.writers import one_writer

LONGEST_WAIT_SECONDS: Final = 86_400.0
LONGEST_TEXT: Final = 100_000
_SHOWN: Final = 4_000


@dataclass(frozen=True, slots=True)
class Last:
    """What went out last, masked. `status` None: no answer came."""

    status: int | None
    request: str
    answer: str


@dataclass(slots=True)
class Attempt:
    """A claimed task. `entity` is what is sent; `step` names what goes out now, `last` is what went out last.

    `notes` are requests and answers that are written with the next commit; `requests` the same for the client's log.
    `announced`: its step was committed together with those of its batch.
    """

    held: Claim
    task: RouteTask
    prepared: Prepared
    reach: Reach
    entity: Any = None
    step: str = ""
    last: Last | None = None
    requests: list[Row] = field(default_factory=list)
    announced: Announced | None = None
    notes: list[Row] = field(default_factory=list)

    @property
    def route(self) -> Route:
        return self.prepared.route

    @property
    def outgoing(self) -> Outgoing:
        return self.prepared.route.outgoing

    @property
    def client(self) -> HttpClient:
        """The client of the outgoing. Raises ConfigError."""
        record = self.outgoing.client
        assert record is not None, "checked before an attempt"
        return self.reach.client(record)

    def note(self, exchange: Exchange) -> None:
        """Keep a request that went out, and its answer."""
        mask = self._mask
        url, error = mask(exchange.url), exchange.error
        request, answer = mask(exchange.request_body), mask(exchange.response_body)
        problem = mask(error.message) if error is not None else ""
        self.last = Last(
            exchange.status,
            f"{exchange.method} {url}\n{request}".strip()[:_SHOWN],
            (problem or f"{exchange.status}\n{answer}".strip())[:_SHOWN],
        )
        self.notes.append(
            (
                *(self.task.pk, self.task.attempts_before + self.held.unit.attempts, self.step[:60]),
                *(exchange.sent_at, exchange.method[:20]),
                *(url[:_SHOWN], exchange.status, max(0, round(exchange.elapsed_seconds * 1000)), problem),
                *(_part(self._headers(exchange.request_headers), request),),
                *(_part(self._headers(exchange.response_headers), answer),),
            )
        )

    def _headers(self, headers: list[tuple[str, str]]) -> str:
        return self._mask("\n".join(f"{name}: {value}" for name, value in headers))

    def write_notes(self) -> None:
        """Write the requests that aren't written yet; in a transaction of the caller's."""
        write_notes([self._end({})])

    def _mask(self, text: str) -> str:
        return cut(storable(self.reach.masked(text)), LONGEST_TEXT)

    def record(self, step: Step, **changes: Any) -> None:
        """Commit how far the write has come together with the task's own progress. Raises LeaseLost."""
        with one_writer(), transaction.atomic():
            ledger.record_step(self.held, step)
            self.write_notes()
            if changes:
                change_tasks([(self.task.pk, changes)])
        for name, value in changes.items():
            setattr(self.task, name, value)

    def sending(self) -> None:
        """The request is made and about to go."""
        if self.announced is not None and self.announced.entity is self.entity and self.announced.holds:
            # Committed already, with those of the others of the batch.
            self.held.unit.step = Step.SENDING
            return
        self.record(Step.SENDING, transformed=self.entity, is_transformed=True)

    # What an attempt ends with.

    def finished(
        self, effect: Callable[[], dict[str, Any]] | None = None, *, may_wait: bool = False, **result: Any
    ) -> Outcome:
        """Done: effect, memory and result are written together; the effect may add to the result.

        `may_wait`: the record may share a commit with others', since what was sent can be found again.
        """
        end = self._end(result, is_processed=True)
        if effect is None:
            shared = Shared(write_ends, end)
            return ledger.finished(shared=shared, may_wait=may_wait, result=result, **self._shown())

        def settle() -> None:
            more = effect()
            changes = {**end.changes, "result": {**result, **more}} if more else end.changes
            write_ends([replace(end, changes=changes)])

        return ledger.finished(settle, result=result, **self._shown())

    def skipped(self, reason: str) -> Outcome:
        """Nothing is to be done for this look of the entity."""
        shared = Shared(write_ends, self._end({}, is_processed=True))
        return ledger.skipped(reason, shared=shared, step=Step.DONE, **self._shown())

    def failed(self, reason: str, remedy: str = "", step: Step | None = None) -> Outcome:
        """Parked: a person has to look."""
        return ledger.failed(reason, remedy, step=step, shared=self._noted(), **self._shown())

    def again(
        self, reason: str, remedy: str = "", asked_seconds: float | None = None, step: Step | None = None
    ) -> Outcome:
        """Another attempt by the route's rule, or failed when there were enough."""
        attempts = self.held.unit.attempts
        if attempts >= self.route.attempts:
            return self.failed(f"Given up after {attempts} attempts. {reason}", remedy, step)
        wait = max(asked_seconds or 0.0, wait_seconds(self.route, attempts))
        return ledger.retry(
            reason,
            min(wait, LONGEST_WAIT_SECONDS),
            remedy,
            step=step,
            most_attempts=self.route.attempts,
            shared=self._noted(),
            **self._shown(),
        )

    def put_off(self, reason: str, seconds: float, remedy: str = "", step: Step | None = None) -> Outcome:
        """Later, without counting as an attempt."""
        rows = WorkUnit.objects.filter(pk=self.held.pk)

        def settle() -> None:
            self.write_notes()
            rows.update(attempts=F("attempts") - 1, updated_at=Now())

        return ledger.retry(
            reason, seconds, remedy, step=step, most_attempts=self.held.unit.attempts + 1, effect=settle
        )

    def refusal_passes(self, status: int | None) -> bool:
        """Whether the route tries again after a refusal of this status."""
        statuses = self.route.retry_statuses
        return status is not None and bool(statuses) and status in StatusRanges.parse(statuses)

    def _noted(self) -> Shared:
        return Shared(write_ends, self._end({}))

    def _end(self, result: dict[str, Any], *, is_processed: bool = False) -> End:
        """What is to be written of the attempt, with the requests that aren't written yet."""
        changes: dict[str, Any] = {"result": result} if result else {}
        if self.entity is not None and self.task.transformed is not self.entity:
            changes |= {"transformed": self.entity, "is_transformed": True}
        end = End(self.task, changes, tuple(self.notes), tuple(self.requests), is_processed)
        self.notes.clear()
        self.requests.clear()
        return end

    def _shown(self) -> dict[str, Any]:
        return {"request": self.last.request, "answer": self.last.answer} if self.last is not None else {}


def wait_seconds(route: Route, attempts: int) -> float:
    """How long to wait after so many attempts; a little more than the rule says, so that not all come at once."""
    wait = route.interval_seconds * min(route.backoff ** max(0, attempts - 1), LONGEST_WAIT_SECONDS)
    # Jitter only spreads load: nothing secret hangs on it.
    return min(LONGEST_WAIT_SECONDS, wait * random.uniform(1.0, 1.1))


def _part(headers: str, body: str) -> str:
    return f"{headers}\n\n{body}" if body else headers
