"""What the threads of a worker work on: units are claimed and loaded for all of them at once, and dealt out.

One thread at a time fetches, while the others work on what is there; it begins before the last of it is taken, so that
nobody waits for the database.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from math import ceil

import structlog
from django.db import DatabaseError

from mageferry.hub.work import ledger
from mageferry.hub.work.connections import rest_from_database
from mageferry.hub.work.handling import is_dealt_out, load_for_all
from mageferry.hub.work.models import UnitStatus, WorkUnit
from mageferry.hub.work.owners import owner_name
from mageferry.hub.work.queue import down_connectors
from mageferry.hub.work.shelf import Portion, Shelf, cut
from mageferry.hub.work.units import Claim

log = structlog.stdlib.get_logger(__name__)

# Each thread's part of a batch is about this much work: long enough to share its queries, short enough to leave units
# to other workers.
BATCH_SECONDS = 1.0
# What a thread takes at a time, where units needn't stay together. Small ones share a commit, but not for longer.
PORTION_SECONDS = 0.1
LARGEST_BATCH = 64
# For all threads together. The first one is smaller, since all of them wait for it.
_LARGEST_FETCH = 192
# The next batch is fetched when what is left lasts for so long.
_AHEAD_SECONDS = 0.3
_FIRST_GUESS_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 0.05


class Supply:
    """The units of a worker from their claim to their end. Its threads share it.

    `only`: these units and no others, each once. After `stop` nothing is claimed any more.
    """

    def __init__(
        self,
        kinds: Collection[str] | None,
        only: Collection[int] | None,
        threads: int,
        lease_seconds: float,
        idle_seconds: float,
        stop: threading.Event,
    ) -> None:
        self._kinds, self._threads, self._lease_seconds = kinds, threads, lease_seconds
        self._idle_seconds, self._stop = idle_seconds, stop
        self._only = None if only is None else deque(only)
        self._name = owner_name("worker")
        self._batches = 0
        self._unit_seconds = _FIRST_GUESS_SECONDS
        self._shelf = Shelf()
        self._is_short = False
        self._fetched_at = 0.0
        self._fetching = threading.Lock()
        self._lock = threading.Lock()
        self._in_hand: dict[int, Claim] = {}

    def next(self, *, fetch: bool = True) -> Portion | None:
        """What a thread is to do next; None when nothing is due, or when it is to stop.

        Without `fetch` only what is there already.
        """
        if self._stop.is_set():
            return None
        if not fetch:
            return self._shelf.take()
        # Behind a batch that was all there is nothing is looked for before it is needed.
        if (
            not self._is_short
            and len(self._shelf) <= self._ahead()
            and self._fetching.acquire(blocking=False)
        ):
            try:
                self._fetch()
            finally:
                self._fetching.release()
        return self._shelf.take() or self._fetched()

    def _fetched(self) -> Portion | None:
        with self._fetching:
            # Another thread may just have been there.
            portion = self._shelf.take()
            while portion is None and not self._stop.is_set() and self._fetch():
                portion = self._shelf.take()
            return portion

    def in_hand(self) -> list[Claim]:
        """Everything that was claimed and isn't over."""
        with self._lock:
            return list(self._in_hand.values())

    def forget(self, claims: Collection[Claim]) -> None:
        """These are over, or another worker's."""
        with self._lock:
            for held in claims:
                self._in_hand.pop(held.pk, None)

    def hand_back(self, claims: Collection[Claim]) -> None:
        """Give back what wasn't begun."""
        try:
            ledger.hand_back(claims)
        except DatabaseError as error:
            log.error("Units couldn't be handed back; their leases end by themselves", error=str(error))
        self.forget(claims)

    def hand_back_waiting(self, unwanted: Callable[[Claim], bool] = lambda held: True) -> None:
        """Give back what no thread has taken, all of it or some."""
        self.hand_back(self._shelf.remove(unwanted))

    def hand_back_stale(self, seconds: float) -> None:
        """Give back what was fetched so long ago and no thread has come for: units that take longer than was thought.
        Other workers may be free."""
        is_stale = len(self._shelf) and time.monotonic() - self._fetched_at >= seconds
        if not is_stale or not self._fetching.acquire(blocking=False):
            return
        try:
            waiting = self._shelf.clear()
            self.hand_back(waiting)
            self._give_back_only([held.pk for held in waiting])
        finally:
            self._fetching.release()

    def note_seconds(self, seconds: float) -> None:
        """How long a unit took just now."""
        with self._lock:
            self._unit_seconds = 0.5 * self._unit_seconds + 0.5 * max(seconds, 1e-4)

    def _ahead(self) -> int:
        return int(_AHEAD_SECONDS * self._threads / self._unit_seconds)

    def _fetch(self) -> int:
        """Claim a batch, load it and lay it on the shelf; returns how many units it had."""
        part = max(1, min(LARGEST_BATCH, round(BATCH_SECONDS / self._unit_seconds)))
        if self._only is not None:
            # Towards the end all threads share what is left.
            part = min(part, ceil(len(self._only) / self._threads))
        limit = min(_LARGEST_FETCH if self._batches else LARGEST_BATCH, part * self._threads)
        claims = self._claim(limit)
        self._is_short, self._fetched_at = len(claims) < limit, time.monotonic()
        with self._lock:
            self._in_hand.update({held.pk: held for held in claims})
        self._shelf.put(self._deal_out(claims, part))
        return len(claims)

    def _deal_out(self, claims: Sequence[Claim], part: int) -> list[Portion]:
        dealt = [held for held in claims if is_dealt_out(held.unit.kind)]
        others = [held for held in claims if not is_dealt_out(held.unit.kind)]
        few = max(1, min(part, round(PORTION_SECONDS / self._unit_seconds)))
        portions = [*cut(dealt, few, load_for_all(dealt)), *cut(others, part)]
        place = {held.pk: number for number, held in enumerate(claims)}
        return sorted(portions, key=lambda portion: place[portion.claims[0].pk])

    def _claim(self, limit: int) -> list[Claim]:
        claims: list[Claim] = []
        while not self._stop.is_set():
            only = self._next_of_only(limit)
            if only is not None and not only:
                break
            self._batches += 1
            owner = f"{self._name}:{self._batches}"
            try:
                claims = ledger.claim(
                    owner, kinds=self._kinds, limit=limit, only=only, lease_seconds=self._lease_seconds
                )
            except DatabaseError as error:
                # The database is away for a moment: the ledger is the truth, so wait and look again.
                rest_from_database("Claiming", error, self._stop, self._idle_seconds)
                self._give_back_only(only)
                continue
            if only is not None:
                left = self._not_yet_taken(only, claims)
                self._give_back_only(left)
                if left and not claims:
                    self._stop.wait(_LOOK_AGAIN_SECONDS)
            if claims or only is None:
                break
        return claims

    def _next_of_only(self, limit: int) -> list[int] | None:
        if self._only is None:
            return None
        return [self._only.popleft() for _ in range(min(limit, len(self._only)))]

    def _not_yet_taken(self, only: list[int], claims: list[Claim]) -> list[int]:
        """Those that are due and yet weren't claimed, such as a suspect that has to be taken alone."""
        taken = {held.pk for held in claims}
        missing = [pk for pk in only if pk not in taken]
        if not missing:
            return []
        due = WorkUnit.objects.filter(pk__in=missing, status=UnitStatus.NEW)
        due = due.exclude(connector_key__in=down_connectors())
        if self._kinds is not None:
            due = due.filter(kind__in=list(self._kinds))
        return list(due.values_list("pk", flat=True))

    def _give_back_only(self, only: list[int] | None) -> None:
        if self._only is not None and only:
            self._only.extendleft(reversed(only))
