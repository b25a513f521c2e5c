"""Playing a story: everybody's work goes on while requests fail and workers are killed; then all calms down.

After that nothing fails and nobody is killed any more, and what is still open has to come to its end by what the hub
does by itself, and by a person who presses Retry. A run in which it doesn't is a bad one, and says what was open.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from chaos.verdict import Verdict
from chaos.workers import Crew
from mageferry.hub.work import operations
from mageferry.hub.work.models import UnitStatus, WorkUnit

FAULTS = (
    "lost_reply", "reset_after", "truncated", "internal_error", "error_page", "error_page_ok", "empty_ok", "reset",
    "maintenance", "bad_gateway", "too_many_requests", "deadlock", "php_fatal", "database_down", "unauthorized",
)  # fmt: skip
WORKERS = 3
ROUND_SECONDS = 0.25
QUIET_ROUNDS = 3
ASK_EVERY_SECONDS = 1.0
LOOK_EVERY_SECONDS = 5.0
# Leases of killed workers, waits between attempts and probes of a paused connector are over long before.
SETTLE_SECONDS = 120.0


class Story(Protocol):
    """What happens around the hub."""

    def ask(self) -> None:
        """What the schedules do: ask for runs."""

    def act(self) -> None:
        """A little of everybody's work."""

    def look(self) -> None:
        """A person looks at what failed and has it tried again."""

    def left(self) -> list[str]:
        """What isn't done yet, in words."""

    def calm(self) -> int:
        """From now on nothing fails; how many requests did."""

    def compare(self) -> Verdict:
        """What the hub says against what the others hold."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one seed."""

    seed: int
    verdict: Verdict
    faults: int
    kills: int
    seconds: float


def play(
    story: Story,
    crew: Crew,
    seed: int,
    seconds: float,
    kill_every_seconds: tuple[float, float],
    *,
    settle_seconds: float = SETTLE_SECONDS,
) -> Result:
    """Play a story for at most so many seconds, let it come to its end, and compare."""
    began = time.monotonic()
    crew.hire(WORKERS)
    try:
        go_on(story, began + seconds, _killer(crew, seed, kill_every_seconds))
        faults = story.calm()
        still_open = go_on(story, time.monotonic() + settle_seconds)
    finally:
        crew.end()
    verdict = story.compare()
    verdict.unsettled += still_open
    return Result(seed, verdict, faults, crew.kills, time.monotonic() - began)


def go_on(story: Story, deadline: float, disturb: Callable[[], None] = lambda: None) -> list[str]:
    """Rounds of everybody's work until nothing is left for a while, or until the deadline; what is left then."""
    asked_at = looked_at = -math.inf
    quiet = 0
    while True:
        now = time.monotonic()
        if now - asked_at >= ASK_EVERY_SECONDS:
            story.ask()
            asked_at = now
        if now - looked_at >= LOOK_EVERY_SECONDS:
            story.look()
            looked_at = now
        story.act()
        disturb()
        time.sleep(ROUND_SECONDS)
        left = story.left()
        quiet = 0 if left else quiet + 1
        if quiet >= QUIET_ROUNDS or time.monotonic() >= deadline:
            return left


def _killer(crew: Crew, seed: int, every_seconds: tuple[float, float]) -> Callable[[], None]:
    """Kills a worker now and then, whichever the seed says."""
    chance = random.Random(f"chaos/{seed}")
    kill_at = time.monotonic() + chance.uniform(*every_seconds)

    def disturb() -> None:
        nonlocal kill_at
        if time.monotonic() >= kill_at:
            crew.kill_one(chance)
            kill_at = time.monotonic() + chance.uniform(*every_seconds)

    return disturb


def retry_failed(but: Collection[int] = ()) -> None:
    """A person presses Retry on everything that failed, but for these units."""
    failed = WorkUnit.objects.filter(status=UnitStatus.FAILED).exclude(pk__in=but)
    operations.try_again(list(failed.values_list("pk", flat=True)))
