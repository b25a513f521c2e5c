"""Rate limit: so many requests in so many seconds, so many at once, or what a header of the server says."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

from mageferry.http.flow import Flow, Next, Sleep, Stage
from mageferry.http.message import Request, Response

# How often a request that waits for another to end looks again.
_LOOK_AGAIN_SECONDS: Final = 0.02
_LONGEST_LEASE_SECONDS: Final = 900.0


class LimitStore(Protocol):
    """What limits are counted in. Over processes it is a table or a Redis that all of them share.

    Calls are short and never wait. `key` tells limits apart.
    """

    def book(self, key: str, requests: int, interval_seconds: float) -> float:
        """Book the next place among `requests` per interval: how many seconds until its turn, 0 for now."""

    def enter(self, key: str, concurrency: int, lease_seconds: float) -> bool:
        """Take one of so many slots, given back by `leave`, or by itself after the lease (a dead process)."""

    def leave(self, key: str) -> None: ...

    def hold(self, key: str, seconds: float) -> None:
        """Let nobody book before this time has passed."""


class MemoryLimits:
    """Counts within this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._turns: dict[str, deque[float]] = {}
        self._slots: dict[str, list[float]] = {}
        self._held_until: dict[str, float] = {}

    def book(self, key: str, requests: int, interval_seconds: float) -> float:
        with self._lock:
            now = self._clock()
            turns = self._turns.setdefault(key, deque(maxlen=requests))
            if turns.maxlen != requests:
                turns = self._turns[key] = deque(turns, maxlen=requests)
            turn = max(now, self._held_until.get(key, now), turns[-1] if turns else now)
            if len(turns) == requests:
                turn = max(turn, turns[0] + interval_seconds)
            turns.append(turn)
            return turn - now

    def enter(self, key: str, concurrency: int, lease_seconds: float) -> bool:
        with self._lock:
            now = self._clock()
            slots = self._slots[key] = [until for until in self._slots.get(key, []) if until > now]
            if len(slots) >= concurrency:
                return False
            slots.append(now + lease_seconds)
            return True

    def leave(self, key: str) -> None:
        with self._lock:
            slots = self._slots.get(key)
            if slots:
                slots.pop(0)

    def hold(self, key: str, seconds: float) -> None:
        with self._lock:
            until = self._clock() + seconds
            self._held_until[key] = max(until, self._held_until.get(key, until))


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """When the number in this header is not above the threshold, nobody asks for `wait_seconds`."""

    name: str
    threshold: int = 0
    wait_seconds: float = 1.0

    def wait_after(self, response: Response) -> float:
        """The pause that this answer asks for, 0 for none."""
        text: str = response.headers.get(self.name, "").strip()
        if not text.lstrip("-").isdigit() or int(text) > self.threshold:
            return 0.0
        return self.wait_seconds


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Each attempt waits for its turn. `requests` per `interval_seconds`, `concurrency` at once; 0: no limit.

    Clients that share a store and a `key` share the limit.
    """

    requests: int = 0
    interval_seconds: float = 1.0
    concurrency: int = 0
    header: HeaderRule | None = None
    key: str = "default"
    store: LimitStore = field(default_factory=MemoryLimits)
    stage: ClassVar[Stage] = Stage.PACE

    def __post_init__(self) -> None:
        if self.requests < 0 or self.concurrency < 0 or self.interval_seconds <= 0:
            raise ValueError(
                "A rate limit has requests and concurrency from 0, and an interval above 0 seconds"
            )

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        if self.requests or self.header is not None:
            # Without a number of its own, a header's rule still holds everyone back.
            wait_seconds = self.store.book(
                self.key, self.requests or 1, self.interval_seconds if self.requests else 0.0
            )
            if wait_seconds > 0:
                yield Sleep(wait_seconds)
        if not self.concurrency:
            return self._heeded((yield from next(request)))
        while not self.store.enter(self.key, self.concurrency, _LONGEST_LEASE_SECONDS):
            yield Sleep(_LOOK_AGAIN_SECONDS)
        try:
            return self._heeded((yield from next(request)))
        finally:
            self.store.leave(self.key)

    def _heeded(self, response: Response) -> Response:
        pause_seconds = self.header.wait_after(response) if self.header is not None else 0.0
        if pause_seconds:
            self.store.hold(self.key, pause_seconds)
        return response
