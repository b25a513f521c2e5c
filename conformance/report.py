"""The report: every difference, a table by group, and the floor below which the figure must not fall."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from conformance.replay import Verdict

FLOOR = Path(__file__).parent / "floor.json"


@dataclass(frozen=True, slots=True)
class Score:
    """How many recordings were equal of those that must be."""

    equal: int
    compared: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.equal, self.compared) if self.compared else Fraction(0)


def score(verdicts: Iterable[Verdict]) -> Score:
    counted = [verdict for verdict in verdicts if not verdict.exempt]
    return Score(sum(verdict.equal for verdict in counted), len(counted))


def render_differences(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Each differing recording with its request, one line for every place that differs."""
    for verdict in verdicts:
        if verdict.differences:
            yield f"{verdict.title}  {verdict.request}"
            yield from (f"    {line}" for line in verdict.differences)


def render_table(verdicts: list[Verdict]) -> Iterator[str]:
    """One line per group, then what is not imitated and why."""
    groups = Counter(verdict.group for verdict in verdicts)
    yield f"{'group':20} {'equal':>6} {'of':>6} {'not imitated':>14}"
    for group in sorted(groups):
        own = [verdict for verdict in verdicts if verdict.group == group]
        total = score(own)
        exempt = len(own) - total.compared
        yield f"{group:20} {total.equal:>6} {total.compared:>6} {exempt or '':>14}"
    reasons = Counter((verdict.group, verdict.exempt) for verdict in verdicts if verdict.exempt)
    for (group, reason), count in sorted(reasons.items()):
        yield f"not imitated: {count} of {group}: {reason}"


def read_floor(file: Path = FLOOR) -> Score:
    found = json.loads(file.read_text(encoding="utf-8"))
    return Score(found["equal"], found["compared"])


def raise_floor(reached: Score, file: Path = FLOOR) -> bool:
    """Write a better score as the new floor; a worse one never replaces it. Whether it was written."""
    if file.is_file() and reached.share <= read_floor(file).share:
        return False
    content = {"equal": reached.equal, "compared": reached.compared}
    file.write_text(json.dumps(content) + "\n", encoding="utf-8")
    return True
