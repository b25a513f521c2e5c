"""What the tasks of a batch share: their routes, clients, templates and transformers, read and parsed once for all.

A batch is about a second of work. One that takes longer looks anew, so that a person's switch takes effect soon.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from mageferry.http.publisher import Publisher
from mageferry.http.publisher.chain import Chain
from mageferry.http.publisher.described import RepeatDescription
from mageferry.http.transformers import Transformers
from mageferry.hub.routes.models import Route, RouteTask
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.settings import description_of
from mageferry.hub.work.units import Claim

FRESH_SECONDS: Final = 2.0
_RECORDS: Final = ("incoming", "outgoing__client", "outgoing__storage", "outgoing__account")


class Prepared:
    """A route, ready to be worked on. What is wrong with its settings is raised (ConfigError) when it is asked for."""

    def __init__(self, route: Route, before: Prepared | None = None) -> None:
        """`before`: what was parsed of it earlier, which still holds where the settings are the same."""
        self.route = route
        if before is not None and _settings(before.route) == _settings(route):
            parsed = {name: value for name, value in vars(before).items() if name in _PARSED}
            vars(self).update(parsed)

    @cached_property
    def transformers(self) -> Transformers:
        return Transformers.parse(self.route.transformers, "transformers")

    @cached_property
    def description(self) -> Any:
        return description_of(self.route.outgoing)

    @cached_property
    def can_settle(self) -> bool:
        """Whether it can be found out, or doesn't matter, what became of a request of its publisher."""
        return can_settle(self.description.repeat)

    @cached_property
    def publisher(self) -> Publisher:
        return Publisher(self.description, "settings")

    @cached_property
    def chain(self) -> Chain:
        return Chain(self.description, "settings")


_PARSED: Final = frozenset({"transformers", "description", "can_settle", "publisher", "chain"})
# The last of each route in this process.
_known: dict[int, Prepared] = {}


def _settings(route: Route) -> tuple[Any, ...]:
    """All that is parsed."""
    outgoing = route.outgoing
    return route.transformers, outgoing.type, outgoing.settings, outgoing.secrets


def prepare(pk: int) -> Prepared:
    """A route as it is set up now; it is parsed again where that has changed. Raises Route.DoesNotExist."""
    route = Route.objects.select_related(*_RECORDS).get(pk=pk)
    found = _known[pk] = Prepared(route, _known.get(pk))
    return found


def can_settle(repeat: RepeatDescription) -> bool:
    """Whether it can be found out, or doesn't matter, what became of a request without an answer."""
    return repeat.safe or bool(repeat.key) or repeat.look_up is not None


class Batch:
    """Open until `close`. `announces`: whether tasks of a route, by its key, are announced."""

    def __init__(self) -> None:
        self.reach = Reach()
        self.announces: dict[int, bool] = {}
        self._routes: dict[int, Prepared] = {}
        self._looked_at = time.monotonic()

    def route(self, pk: int) -> Prepared:
        """A route as it is set up now, or was a moment ago."""
        if not self.is_fresh:
            self.close()
            self._looked_at = time.monotonic()
        found = self._routes.get(pk)
        if found is None:
            found = self._routes[pk] = prepare(pk)
        return found

    @property
    def is_fresh(self) -> bool:
        """Whether what was read for the batch still holds."""
        return time.monotonic() - self._looked_at < FRESH_SECONDS

    def close(self) -> None:
        self.reach.close()
        self._routes.clear()


@dataclass(frozen=True, slots=True)
class Announced:
    """A task of which it is committed already that it is about to be sent, and as what."""

    entity: Any
    committed_at: float

    @property
    def holds(self) -> bool:
        """Whether it goes without another look at the lease: a worker that was stopped for long may have lost it."""
        return time.monotonic() - self.committed_at < FRESH_SECONDS


@dataclass(slots=True)
class LoadedTask:
    """A claimed task. `task` None: it is gone. `is_alone`: its entity had no other task when it was claimed."""

    batch: Batch
    task: RouteTask | None
    is_alone: bool
    announced: Announced | None = None


def load_tasks(claims: Sequence[Claim]) -> dict[int, LoadedTask]:
    """What each unit of a batch is about. They were claimed before: of two tasks of one entity that are worked on at
    the same time, the one that is claimed later sees the other."""
    tasks = {task.unit_id: task for task in RouteTask.objects.filter(unit__in=[held.pk for held in claims])}
    crowded = _crowded(list(tasks.values()))
    batch = Batch()
    found = {}
    for held in claims:
        task = tasks.get(held.pk)
        is_alone = task is not None and (task.route_id, task.entity_key) not in crowded
        found[held.pk] = LoadedTask(batch, task, is_alone)
    return found


def release_tasks(loaded: Mapping[int, LoadedTask]) -> None:
    """The batch is done."""
    for each in loaded.values():
        each.batch.close()


def _crowded(tasks: Sequence[RouteTask]) -> set[tuple[int, str]]:
    """Entities that have other tasks besides."""
    own = {task.pk for task in tasks}
    rows = RouteTask.objects.filter(
        route__in={task.route_id for task in tasks}, entity_key__in={task.entity_key for task in tasks}
    )
    seen: set[tuple[int, str]] = set()
    crowded: set[tuple[int, str]] = set()
    for pk, route, key in rows.order_by().values_list("pk", "route", "entity_key"):
        if pk not in own or (route, key) in seen:
            crowded.add((route, key))
        seen.add((route, key))
    return crowded
