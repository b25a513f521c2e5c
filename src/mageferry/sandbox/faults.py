"""Faults on demand: what goes wrong, for which requests, and how often."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    """What happens to a chosen request. Kinds named ``*_after`` and the lossy ones let the write happen
    first.
    """

    DELAY = "delay"
    UNAUTHORIZED = "unauthorized"
    TOO_MANY_REQUESTS = "too_many_requests"
    MAINTENANCE = "maintenance"
    BAD_GATEWAY = "bad_gateway"
    ERROR_PAGE = "error_page"
    ERROR_PAGE_OK = "error_page_ok"
    EMPTY_OK = "empty_ok"
    INTERNAL_ERROR = "internal_error"
    DEADLOCK = "deadlock"
    PHP_FATAL = "php_fatal"
    DATABASE_DOWN = "database_down"
    CRASH = "crash"
    RESET = "reset"
    RESET_AFTER = "reset_after"
    LOST_REPLY = "lost_reply"
    TRUNCATED = "truncated"


AFTER_EFFECT = frozenset({FaultKind.RESET_AFTER, FaultKind.LOST_REPLY, FaultKind.TRUNCATED})


@dataclass(slots=True)
class FaultRule:
    """One rule. A request matches by ``method`` (any when empty) and ``path``, a regular expression
    searched in the raw path and query; ``skip`` matches are let through first, then ``count`` are hit
    (None: all), each with probability ``rate``, drawn from ``seed`` so a run can be repeated.
    """

    kind: FaultKind
    rule_id: int = 0
    count: int | None = None
    skip: int = 0
    rate: float = 1.0
    seed: int = 0
    method: str = ""
    path: str = ""
    seconds: float = 0.0
    """How long a ``delay`` takes; for other kinds a wait before they strike."""
    retry_after: str = ""
    """The Retry-After header of ``too_many_requests`` and ``maintenance``: seconds or an HTTP date."""
    hits: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def strikes(self, method: str, target: str) -> bool:
        """Whether this request is hit; a hit is counted."""
        if (self.method and self.method != method) or not re.search(self.path, target):
            return False
        if self.count is not None and self.hits >= self.count:
            return False
        if self._random.random() >= self.rate:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.hits += 1
        return True

    def headers(self) -> dict[str, str]:
        """The headers of its answer."""
        return {"Retry-After": self.retry_after} if self.retry_after else {}

    def describe(self) -> dict[str, object]:
        return {
            "id": self.rule_id,
            "kind": self.kind.value,
            "count": self.count,
            "skip": self.skip,
            "rate": self.rate,
            "seed": self.seed,
            "method": self.method,
            "path": self.path,
            "seconds": self.seconds,
            "retry_after": self.retry_after,
            "hits": self.hits,
        }


_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "count": (int, type(None)),
    "skip": int,
    "rate": (int, float),
    "seed": int,
    "method": str,
    "path": str,
    "seconds": (int, float),
    "retry_after": str,
}


def read_rule(sent: Mapping[str, object]) -> FaultRule:
    """A rule from the control plane's JSON. Raises ValueError that says what is wrong."""
    try:
        rule = FaultRule(FaultKind(str(sent.get("kind"))))
    except ValueError:
        known = ", ".join(kind.value for kind in FaultKind)
        raise ValueError(f"unknown fault kind {sent.get('kind')!r}; known are {known}") from None
    for name, value in sent.items():
        if name == "kind":
            continue
        expected = _FIELDS.get(name)
        if expected is None:
            raise ValueError(f"unknown field {name!r} in a fault; known are kind, {', '.join(_FIELDS)}")
        if not isinstance(value, expected) or isinstance(value, bool):
            raise ValueError(f"{name} of a fault cannot be {value!r}")
        setattr(rule, name, value)
    return check_rule(rule)


def check_rule(rule: FaultRule) -> FaultRule:
    """The rule, ready to use. Raises ValueError for values out of range."""
    if not 0 <= rule.rate <= 1:
        raise ValueError(f"rate of a fault must be between 0 and 1, not {rule.rate}")
    if rule.seconds < 0 or rule.skip < 0 or (rule.count is not None and rule.count < 1):
        raise ValueError("seconds and skip of a fault must not be negative, and count at least 1")
    try:
        re.compile(rule.path)
    except re.error as error:
        raise ValueError(f"path of a fault is no regular expression: {error}") from None
    rule.method = rule.method.upper()
    rule.__post_init__()
    return rule


class FaultPlan:
    """The rules in force. The first that strikes decides; delays add up with it."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._last_id = 0

    def add(self, rule: FaultRule) -> FaultRule:
        self._last_id += 1
        rule.rule_id = self._last_id
        self._rules.append(rule)
        return rule

    def remove(self, rule_id: int) -> bool:
        kept = [rule for rule in self._rules if rule.rule_id != rule_id]
        removed = len(kept) < len(self._rules)
        self._rules = kept
        return removed

    def clear(self) -> None:
        self._rules = []

    def rules(self) -> list[FaultRule]:
        return list(self._rules)

    def choose(self, method: str, target: str) -> tuple[float, FaultRule | None]:
        """Seconds to wait, and the rule that strikes."""
        wait_seconds = 0.0
        for rule in self._rules:
            if not rule.strikes(method, target):
                continue
            wait_seconds += rule.seconds
            if rule.kind is not FaultKind.DELAY:
                return wait_seconds, rule
        return wait_seconds, None
