"""One attempt at a task: what it has at hand, what it notes down, and what its end means for the unit of work."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F

from mageferry.http import HttpClient
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.plugins.log import Exchange
from mageferry.hub.pipelines.journal import storable
from mageferry.hub.routes.arrivals import remember
from mageferry.hub.routes.batches import Prepared
from mageferry.hub.routes.models import Outgoing, Route, RouteTask
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.rows import add_exchanges, change_task
from mageferry.hub.trade.bulk import Row
from mageferry.hub.work import ledger
from mageferry.hub.work.clock import Now
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Step, WorkUnit

log = structlog.stdlib.get_logger(__name__)

LONGEST_WAIT_SECONDS: Final = 86_400.0
LONGEST_TEXT: Final = 100_000
_SHOWN: Final = 4_000


@dataclass(slots=True)
class Attempt:
    """A claimed task. `entity` is what is sent; `step` names what goes out now, `last` is what went out last.

    `notes` are requests and answers that are written with the next commit.
    """

    held: Claim
    task: RouteTask
    prepared: Prepared
    reach: Reach
    entity: Any = None
    step: str = ""
    last: Exchange | None = None
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
        self.last = exchange
        mask = self._mask
        self.notes.append(
            (
                self.task.pk,
                self.held.unit.attempts,
                self.step[:60],
                exchange.sent_at,
                exchange.method[:20],
                mask(exchange.url)[:_SHOWN],
                exchange.status,
                max(0, round(exchange.elapsed_seconds * 1000)),
                mask(exchange.error.message) if exchange.error is not None else "",
                mask(_part(exchange.request_headers, exchange.request_body)),
                mask(_part(exchange.response_headers, exchange.response_body)),
            )
        )

    def write_notes(self) -> None:
        """Write the requests that aren't written yet; in a transaction of the caller's.

        Where that can't be done the attempt goes on: what the answer says is worth more than the note.
        """
        notes, self.notes = self.notes, []
        if not notes:
            return
        try:
            with transaction.atomic():
                add_exchanges(notes)
        except (DatabaseError, ValueError) as error:
            log.error("A request of a task couldn't be written down", error=type(error).__name__)

    def _mask(self, text: str) -> str:
        shown = storable(self.reach.masked(text))
        return (
            shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]} ... ({len(shown):,} characters)"
        )

    def record(self, step: Step, **changes: Any) -> None:
        """Commit how far the write has come together with the task's own progress. Raises LeaseLost."""
        with transaction.atomic():
            ledger.record_step(self.held, step)
            self.write_notes()
            if changes:
                change_task(self.task.pk, changes)
        for name, value in changes.items():
            setattr(self.task, name, value)

    def sending(self) -> None:
        """The request is made and about to go."""
        self.record(Step.SENDING, transformed=self.entity, is_transformed=True)

    # What an attempt ends with.

    def finished(self, effect: Callable[[], dict[str, Any]] | None = None, **result: Any) -> Outcome:
        """Done: effect, memory and result are written together; the effect may add to the result."""

        def settle() -> None:
            more = effect() if effect is not None else {}
            self._save({**result, **more})
            remember(self.task)

        return ledger.finished(settle, result=result, **self._shown())

    def skipped(self, reason: str) -> Outcome:
        """Nothing is to be done for this look of the entity."""

        def settle() -> None:
            self._save({})
            remember(self.task)

        return ledger.skipped(reason, effect=settle, step=Step.DONE, **self._shown())

    def failed(self, reason: str, remedy: str = "", step: Step | None = None) -> Outcome:
        """Parked: a person has to look."""
        return ledger.failed(reason, remedy, step=step, effect=lambda: self._save({}), **self._shown())

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
            effect=lambda: self._save({}),
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

    def _save(self, result: dict[str, Any]) -> None:
        self.write_notes()
        changes: dict[str, Any] = {"result": result} if result else {}
        if self.entity is not None and self.task.transformed is not self.entity:
            changes |= {"transformed": self.entity, "is_transformed": True}
        if changes:
            change_task(self.task.pk, changes)

    def _shown(self) -> dict[str, Any]:
        if self.last is None:
            return {}
        mask, last = self._mask, self.last
        answer = last.error.message if last.error is not None else f"{last.status}\n{last.response_body}"
        return {
            "request": mask(f"{last.method} {last.url}\n{last.request_body}".strip())[:_SHOWN],
            "answer": mask(answer.strip())[:_SHOWN],
        }


def wait_seconds(route: Route, attempts: int) -> float:
    """How long to wait after so many attempts; a little more than the rule says, so that not all come at once."""
    wait = route.interval_seconds * min(route.backoff ** max(0, attempts - 1), LONGEST_WAIT_SECONDS)
    # Jitter only spreads load: nothing secret hangs on it.
    return min(LONGEST_WAIT_SECONDS, wait * random.uniform(1.0, 1.1))


def _part(headers: list[tuple[str, str]], body: str) -> str:
    lines = [f"{name}: {value}" for name, value in headers]
    return "\n".join([*lines, "", body]) if body else "\n".join(lines)
