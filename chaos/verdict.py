"""What the end of a run shows: counts, and every difference as a sentence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from mageferry.hub.work.models import OPEN, Pause, UnitStatus, WorkUnit


@dataclass(slots=True)
class Verdict:
    """Nothing may be lost, doubled or unexplained, and what was begun has to have come to its end (`unsettled`).

    `counts`: what was compared. `refused`: wishes that the other side was meant to refuse, and did.
    """

    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Every difference, with what it is."""
        groups = {
            "lost": self.lost, "doubled": self.doubled, "unexplained": self.unexplained,
            "not at its end": self.unsettled,
        }  # fmt: skip
        return [f"{what}: {text}" for what, texts in groups.items() for text in texts]

    def count(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def judge(self, what: str, expected: int, found: int) -> None:
        """Too few are lost, too many doubled."""
        if found < expected:
            self.lost.append(f"{what}: {found} of {expected}")
        elif found > expected:
            self.doubled.append(f"{what}: {found} instead of {expected}")

    def judge_failures(self, refused: Collection[int]) -> None:
        """Units that failed for good: nothing but the wishes that were meant to be refused (keys of their units), and
        those with a reason and a remedy."""
        for unit in WorkUnit.objects.filter(status=UnitStatus.FAILED):
            if unit.pk not in refused:
                self.unexplained.append(f"{_named(unit)} failed: {unit.reason}")
            elif not (unit.reason and unit.remedy):
                self.unexplained.append(
                    f"{_named(unit)} failed without a word: {unit.reason!r}, {unit.remedy!r}"
                )
            else:
                self.refused += 1


def open_work(*, runs: str, refused: Collection[int] = (), calm: bool) -> list[str]:
    """Work that isn't done, in words: units that are open, those that failed and weren't meant to be refused, and
    connectors that stand still. Runs (units of the kind `runs`) come again and again: they count once all is calm, and
    only those that failed."""
    units = WorkUnit.objects.filter(status__in=OPEN).exclude(kind=runs)
    failed = WorkUnit.objects.filter(status=UnitStatus.FAILED).exclude(pk__in=refused)
    if not calm:
        failed = failed.exclude(kind=runs)
    return [
        *(f"{_named(unit)} is still {unit.get_status_display()}: {unit.reason}" for unit in units),
        *(f"{_named(unit)} failed: {unit.reason}" for unit in failed),
        *(f"{pause.connector_key} is paused: {pause.reason}" for pause in Pause.objects.all()),
    ]


def _named(unit: WorkUnit) -> str:
    return f"unit {unit.pk} {unit.kind}, {unit.subject},"
