"""What can be switched at every system of the sandbox: faults, latency, clock, and the log of requests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from mageferry.sandbox.clock import Clock
from mageferry.sandbox.faults import FaultKind, FaultPlan, FaultRule, check_rule
from mageferry.sandbox.journal import Entry, Journal


class Switchboard:
    """Every method is safe to call from any thread while the server runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lock = threading.RLock()
        self.faults = FaultPlan()
        self.journal = Journal()
        self.latency_seconds = 0.0
        self.base_url = ""
        """The system's own address."""

    def add_fault(
        self,
        kind: FaultKind | str,
        *,
        count: int | None = None,
        skip: int = 0,
        rate: float = 1.0,
        seed: int = 0,
        method: str = "",
        path: str = "",
        seconds: float = 0.0,
        retry_after: str = "",
    ) -> FaultRule:
        """Put a fault in force; see FaultRule for the fields. Raises ValueError."""
        rule = FaultRule(
            FaultKind(kind),
            count=count,
            skip=skip,
            rate=rate,
            seed=seed,
            method=method,
            path=path,
            seconds=seconds,
            retry_after=retry_after,
        )
        return self.put_rule(check_rule(rule))

    def put_rule(self, rule: FaultRule) -> FaultRule:
        with self.lock:
            return self.faults.add(rule)

    def remove_fault(self, rule_id: int) -> bool:
        with self.lock:
            return self.faults.remove(rule_id)

    def clear_faults(self) -> None:
        with self.lock:
            self.faults.clear()

    def requests(self) -> list[Entry]:
        with self.lock:
            return self.journal.entries()

    def count_requests(self, method: str = "", path: str = "") -> int:
        with self.lock:
            return self.journal.count(method, path)

    def clear_requests(self) -> None:
        with self.lock:
            self.journal.clear()

    def set_latency(self, milliseconds: float) -> None:
        """Every REST answer takes at least this long. Raises ValueError when negative."""
        if milliseconds < 0:
            raise ValueError("latency must not be negative")
        with self.lock:
            self.latency_seconds = milliseconds / 1000

    def set_clock(self, moment: datetime | None) -> None:
        """Move the system's time; None goes back to the machine's."""
        with self.lock:
            self._clock.set(moment.astimezone(UTC) if moment else None)

    def reset(self) -> None:
        """No faults, no latency, an empty log, the machine's clock; a system adds its content."""
        with self.lock:
            self.faults.clear()
            self.journal.clear()
            self.latency_seconds = 0.0
            self._clock.set(None)

    def describe(self) -> dict[str, object]:
        """How it stands."""
        with self.lock:
            return {
                "time": self._clock.text(),
                "latency_ms": self.latency_seconds * 1000,
                "requests": self.journal.count(),
                "open_requests_most": self.journal.open_most,
                "faults": [rule.describe() for rule in self.faults.rules()],
            }
