"""Portions of what comes in, ready to be kept: from items to arrivals, each that fails by itself with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mageferry.http.subscriber import Entity, EntityError
from mageferry.http.subscriber.entities import EntityReader, fingerprint_of
from mageferry.hub.routes.arrivals import Arrival, arrival_of
from mageferry.hub.routes.models import Incoming, TaskStage
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.transforming import Untransformed, entity_rules, transform_entity

_MEND = "Mend the item at its source, or the settings of the incoming, then retry."


@dataclass(frozen=True, slots=True)
class Portion:
    """A page, a file, some entries. `received`: items that came; `dropped`: those that were left out on the way.

    `lost`: what can't even be kept, a sentence each; it holds the mark. `position`: where a reading by position goes
    on. `origin`: what its source needs to settle it.
    """

    source: str
    received: int
    arrivals: tuple[Arrival, ...]
    dropped: int = 0
    lost: tuple[str, ...] = ()
    position: Any = None
    origin: Any = None


@dataclass(slots=True)
class Sorted:
    """Arrivals as they are made, and what is lost."""

    arrivals: list[Arrival] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    dropped: int = 0

    def add_entity(self, entity: Entity, source: str) -> bool:
        """Keep an entity. False: it can't be kept."""
        try:
            data = plain(entity.data)
        except NotStorable as error:
            self.lost.append(f"{source}: entity {entity.identifier} can't be kept: {error}")
            return False
        self.arrivals.append(arrival_of(replace(entity, data=data), source))
        return True

    def add_failure(self, item: Any, reason: str, remedy: str, source: str, identifier: str = "") -> bool:
        """Keep an item that is no entity. False: there is nothing of it to keep."""
        try:
            data = plain(item)
        except NotStorable:
            data = None
        if data is None:
            self.lost.append(reason)
            return False
        look = fingerprint_of(data)
        remedy = remedy or _MEND
        self.arrivals.append(Arrival(data, identifier, look, TaskStage.ITEM, source, reason, remedy))
        return True


def sort_items(
    incoming: Incoming, items: Iterable[Any], reach: Reach, source: str, keys: Sequence[str] | None = None
) -> Sorted:
    """What items become. `keys`: their identifiers, where they have such from outside. Raises ConfigError."""
    reader = EntityReader(entity_rules(incoming))
    found = Sorted()
    for index, item in enumerate(items):
        at = f"{source}, item {index + 1}"
        try:
            if isinstance(item, EntityError):
                raise item
            made = transform_entity(incoming.transformers, item, reach, "input transformers")
            entities = [reader.read(data, index=index + 1) for data in made]
        except Untransformed as error:
            found.add_failure(item, f"{at}: {error.reason}", error.remedy, source)
            continue
        except EntityError as error:
            kept = error.data if item is error else item
            found.add_failure(kept, f"{at}: {error.reason}", error.remedy, source, error.identifier)
            continue
        found.dropped += not entities
        for number, entity in enumerate(entities):
            found.add_entity(_named(entity, keys[index] if keys else "", number), source)
    return found


def _named(entity: Entity, key: str, number: int) -> Entity:
    if not key:
        return entity
    return replace(entity, identifier=key if not number else f"{key}#{number + 1}")
