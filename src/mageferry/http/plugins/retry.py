"""Retry requests on failure: a rule that decides, and one loop that obeys it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from mageferry.http.errors import NotSent, ProxyRefused, TimedOut, TlsFailed, Unanswered, UnreadableBody
from mageferry.http.flow import Flow, Next, Sleep, Stage
from mageferry.http.message import Request, Response

type Outcome = Response | Exception


class Decision(Protocol):
    """How long to wait before the next attempt, in seconds; None gives the outcome to the caller.

    `attempt` counts the attempts made so far, from 1.
    """

    def __call__(self, request: Request, outcome: Outcome, attempt: int) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often and how patiently: exponential with full jitter, `Retry-After` honoured.

    A server that wants more than `max_retry_after_seconds` is taken at its word by not asking again here:
    the outcome goes to the caller, who can come back later.
    """

    attempts: int = 4
    first_seconds: float = 0.5
    max_seconds: float = 30.0
    max_retry_after_seconds: float = 60.0
    jitter: Callable[[float], float] = field(default=lambda top: random.uniform(0.0, top), compare=False)

    def wait_seconds(self, attempt: int, asked: float | None = None) -> float | None:
        """The pause after this attempt, at least the one asked for; None after the last, or if too long."""
        if attempt >= self.attempts:
            return None
        if asked is None:
            return self.jitter(min(self.max_seconds, self.first_seconds * 2.0 ** (attempt - 1)))
        return asked if asked <= self.max_retry_after_seconds else None


class Cause(StrEnum):
    """Why there is no answer to a request."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"


@dataclass(frozen=True, slots=True)
class StandardRule:
    """Repeats what is safe to repeat: GET, HEAD, OPTIONS and what is told so; other methods only when
    provably nothing was sent.

    `any_method`: repeat every method, for a server that recognises what it has seen before.
    """

    statuses: frozenset[int] = frozenset({429, 502, 503, 504})
    backoff: Backoff = field(default_factory=Backoff)
    causes: frozenset[Cause] = frozenset(Cause)
    any_method: bool = False

    def __call__(self, request: Request, outcome: Outcome, attempt: int) -> float | None:
        if not self._worth(request, outcome):
            return None
        asked = retry_after_seconds(outcome) if isinstance(outcome, Response) else None
        return self.backoff.wait_seconds(attempt, asked)

    def _worth(self, request: Request, outcome: Outcome) -> bool:
        may_repeat = self.any_method or request.may_repeat
        if isinstance(outcome, Response):
            return outcome.status in self.statuses and may_repeat
        cause = cause_of(outcome)
        if cause is None or cause not in self.causes:
            return False
        return cause is Cause.UNREACHABLE or may_repeat


def cause_of(error: Exception) -> Cause | None:
    """Why there is no answer; None for what asking again would not change."""
    if isinstance(error, NotSent):
        return None if isinstance(error, TlsFailed | ProxyRefused) else Cause.UNREACHABLE
    if isinstance(error, TimedOut):
        return Cause.TIMED_OUT
    # A body that is too large would be too large again.
    lost = isinstance(error, Unanswered) and not isinstance(error, UnreadableBody)
    return Cause.CONNECTION_LOST if lost else None


@dataclass(frozen=True, slots=True)
class Retry:
    """Sends again as long as `decide` gives a pause. Everything behind it, such as signing, runs anew."""

    decide: Decision = field(default_factory=StandardRule)
    stage: ClassVar[Stage] = Stage.RETRY

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = yield from next(request)
            except Exception as error:
                wait_seconds = self.decide(request, error, attempt)
                if wait_seconds is None:
                    raise
            else:
                wait_seconds = self.decide(request, response, attempt)
                if wait_seconds is None:
                    return response
            yield Sleep(wait_seconds)


def retry_after_seconds(response: Response, now: datetime | None = None) -> float | None:
    """What `Retry-After` asks for, as seconds or as a date (RFC 9110, 10.2.3); None without."""
    text: str | None = response.headers.get("retry-after")
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
