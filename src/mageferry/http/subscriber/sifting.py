"""From the items of a page to the entities that are handed out, and why the others are not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mageferry.http.flow import Flow
from mageferry.http.subscriber.entities import Entity, EntityReader
from mageferry.http.subscriber.errors import EntityError, TransformFailed
from mageferry.http.subscriber.mark import Mark
from mageferry.http.subscriber.subscription import Subscriber


@dataclass(frozen=True, slots=True)
class Skipped:
    """How many were left out: by the transformer, as too old, as duplicates within the run, as processed before,
    as unchanged."""

    dropped: int = 0
    older: int = 0
    duplicates: int = 0
    seen: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What a page brought. `number` from 1; a large page comes in several parts of the same number. `received`: the
    items that the server sent. `note`: what there is instead, when it sent none; and other oddities."""

    number: int
    entities: tuple[Entity, ...]
    failures: tuple[EntityError, ...]
    received: int
    skipped: Skipped = field(default_factory=Skipped)
    note: str = ""


class Sieve:
    """Makes entities, and remembers a run's latest ones."""

    def __init__(self, subscriber: Subscriber, mark: Mark, oldest: datetime | None) -> None:
        self._subscriber = subscriber
        self._reader = EntityReader(subscriber.entities)
        self._dates = subscriber.delta.rule() if subscriber.delta else None
        self._oldest = oldest if subscriber.delta and subscriber.delta.drop_older else None
        self._mark = mark
        self._recent: OrderedDict[str, str] = OrderedDict()
        self._numbered = 0

    def key(self, entity: Entity) -> str:
        """What is remembered of an entity that was processed: read by date, it may come again when it changes."""
        return f"{entity.identifier}@{entity.fingerprint}" if self._dates else entity.identifier

    def sift(self, items: Sequence[tuple[int, Any]], received: int, page: int, note: str) -> Flow[Page]:
        """The page of these items, which came as so many. Nothing is remembered before it is whole."""
        made: list[Entity] = []
        failures: list[EntityError] = []
        dropped = 0
        for index, item in items:
            results = yield from self._made(item, page, index)
            dropped += not results
            for result in results:
                if isinstance(result, EntityError):
                    failures.append(result.at(page=page, entity=index))
                else:
                    made.append(result)
        young = [entity for entity in made if not self._is_old(entity)]
        single, repeated = self._without_duplicates(young)
        unseen = self._without_seen(single)
        changed = self._without_unchanged(unseen)
        skipped = Skipped(
            dropped,
            older=len(made) - len(young),
            duplicates=len(young) - len(single),
            seen=len(single) - len(unseen),
            unchanged=len(unseen) - len(changed),
        )
        self._remember(made, single)
        handed_out = tuple(self._held(changed))
        for failure in failures:
            failure.number = self._next_number(failure.changed_at)
        return Page(page, handed_out, tuple(failures), received, skipped, note or repeated)

    def _made(self, item: Any, page: int, index: int) -> Flow[list[Entity | EntityError]]:
        """What becomes of one item."""
        if isinstance(item, EntityError):
            return [item]
        changed_at: datetime | None = None
        try:
            changed_at = self._dates.read(item) if self._dates else None
            results = yield from self._transformed(item)
        except EntityError as error:
            error.changed_at, error.data = changed_at, item
            return [error]
        return [self._read(item, result, changed_at, page, index) for result in results]

    def _transformed(self, item: Any) -> Flow[Sequence[Any]]:
        transform = self._subscriber.transform
        if transform is None:
            return [item]
        try:
            return (yield from transform(item))
        except EntityError:
            raise
        except Exception as error:
            # An error's own text may quote the data, unless it has a message that is meant to be shown.
            reason = getattr(error, "message", "") or type(error).__name__
            raise TransformFailed(
                f"The input transformer failed: {reason}", remedy=getattr(error, "remedy", "")
            ) from error

    def _read(
        self, item: Any, data: Any, changed_at: datetime | None, page: int, index: int
    ) -> Entity | EntityError:
        try:
            return self._reader.read(data, changed_at, page, index)
        except EntityError as error:
            error.data = item
            return error

    def _is_old(self, entity: Entity) -> bool:
        return self._oldest is not None and entity.changed_at is not None and entity.changed_at < self._oldest

    def _without_duplicates(self, entities: list[Entity]) -> tuple[list[Entity], str]:
        """Those that did not come before in this very look, and a note about identifiers with several looks."""
        looks: dict[str, str] = {}
        single: list[Entity] = []
        changed: list[str] = []
        for entity in entities:
            name = entity.identifier
            before = looks.get(name) or self._recent.get(name)
            if before == entity.fingerprint:
                continue
            if before is not None:
                changed.append(name)
            looks[name] = entity.fingerprint
            single.append(entity)
        note = f"{len(changed)} came again with other content, such as {changed[0]}" if changed else ""
        return single, note

    def _without_seen(self, entities: list[Entity]) -> list[Entity]:
        seen = self._subscriber.memories.seen
        if seen is None or not entities:
            return entities
        known = seen.known([self.key(entity) for entity in entities])
        return [entity for entity in entities if self.key(entity) not in known]

    def _without_unchanged(self, entities: list[Entity]) -> list[Entity]:
        fingerprints = self._subscriber.memories.fingerprints
        if fingerprints is None or not entities:
            return entities
        before = fingerprints.load([entity.identifier for entity in entities])
        return [entity for entity in entities if before.get(entity.identifier) != entity.fingerprint]

    def _remember(self, made: Iterable[Entity], single: Iterable[Entity]) -> None:
        for entity in made:
            if entity.changed_at is not None:
                self._mark.saw(entity.changed_at)
        for entity in single:
            self._recent[entity.identifier] = entity.fingerprint
            self._recent.move_to_end(entity.identifier)
        while len(self._recent) > self._subscriber.recent_identifiers:
            self._recent.popitem(last=False)

    def _held(self, entities: Iterable[Entity]) -> Iterator[Entity]:
        for entity in entities:
            yield replace(entity, number=self._next_number(entity.changed_at))

    def _next_number(self, changed_at: datetime | None) -> int:
        """The number of a record that is handed out, which holds the mark."""
        self._numbered += 1
        self._mark.hold(self._numbered, changed_at)
        return self._numbered
