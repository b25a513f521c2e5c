"""How often a seller may ask: so many requests in so many seconds, then 429 with Retry-After."""

from __future__ import annotations

import math
import time
from collections import deque

from mageferry.sandbox.examples.calls import Refused


class Limit:
    """A sliding window; without a number of requests there is no limit."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque()
        self._requests: int | None = None
        self._seconds = 1.0

    def set(self, requests: int | None, seconds: float) -> None:
        """Raises ValueError."""
        if (requests is not None and requests < 1) or not 0 < seconds <= 3600:
            raise ValueError("a limit is at least one request, in up to 3600 seconds")
        self._requests, self._seconds = requests, seconds
        self._moments.clear()

    def check(self) -> None:
        """Count a request. Raises Refused when there were too many."""
        if self._requests is None:
            return
        now = time.monotonic()
        while self._moments and self._moments[0] <= now - self._seconds:
            self._moments.popleft()
        if len(self._moments) >= self._requests:
            refused = Refused(429, "too_many_requests", "Slow down.")
            refused.headers = {"Retry-After": str(math.ceil(self._moments[0] + self._seconds - now))}
            raise refused
        self._moments.append(now)

    def describe(self) -> dict[str, object]:
        return {"requests": self._requests, "seconds": self._seconds}
