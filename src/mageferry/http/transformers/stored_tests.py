"""Stored tests of transformers: entities, what they should become, and a readable difference when they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from mageferry.http.flow import Flow
from mageferry.http.placeholders import as_text, masked
from mageferry.http.transformers.pipeline import Transformers
from mageferry.http.transformers.running import Ports

_SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class StoredTest:
    """`failures`: the places, from 0, of the entities that should fail."""

    name: str
    entities: Sequence[Any]
    expected: Sequence[Any]
    failures: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What differs, a line each; nothing when the test passed."""

    name: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        if self.passed:
            return f"{self.name}: passed"
        return "\n".join([f"{self.name}: failed", *(f"  {line}" for line in self.differences)])


def judge(test: StoredTest, transformers: Transformers, ports: Ports | None = None) -> Flow[Verdict]:
    """Run a stored test: as a flow, since transformers may call."""
    result = yield from transformers.run(test.entities, ports)
    lines = list(differences(list(test.expected), result.data))
    failed = {position: failure for failure in result.failures for position in failure.positions}
    for position in sorted(set(failed) - test.failures):
        failure = failed[position]
        lines.append(f"entity {position + 1} failed in {failure.path}: {failure.message}")
    lines += [f"entity {position + 1} should fail" for position in sorted(test.failures - set(failed))]
    return Verdict(test.name, tuple(lines))


def differences(expected: Any, actual: Any, path: str = "$") -> Iterator[str]:
    """What differs, a line each, with its place: `$[0].qty: expected 2, is 3`. Numbers compare by value."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in [*expected, *(name for name in actual if name not in expected)]:
            below = f"{path}.{name}"
            if name not in actual:
                yield f"{below}: expected {_shown(expected[name])}, is missing"
            elif name not in expected:
                yield f"{below}: not expected, is {_shown(actual[name])}"
            else:
                yield from differences(expected[name], actual[name], below)
    elif isinstance(expected, list) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            below = f"{path}[{index}]"
            if index >= len(actual):
                yield f"{below}: expected {_shown(expected[index])}, is missing"
            elif index >= len(expected):
                yield f"{below}: not expected, is {_shown(actual[index])}"
            else:
                yield from differences(expected[index], actual[index], below)
    elif not _equal(expected, actual):
        yield f"{path}: expected {_shown(expected)}, is {_shown(actual)}"


def _equal(expected: Any, actual: Any) -> bool:
    if _is_number(expected) and _is_number(actual):
        return Decimal(str(expected)) == Decimal(str(actual))
    return type(expected) is type(actual) and bool(expected == actual)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else "null" if value is None else as_text(masked(value))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
