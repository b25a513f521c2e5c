"""What a run of a route reads: pages of an HTTP subscriber, entries of a storage, files, changes of the hub."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol

from mageferry.http.subscriber import Page, Reading, pages
from mageferry.http.subscriber.entities import fingerprint_of
from mageferry.hub.exchange import Position, changes
from mageferry.hub.routes.arrivals import Arrival
from mageferry.hub.routes.end_types import HubIncomingDescription, StoredIncomingDescription
from mageferry.hub.routes.files import FileSource
from mageferry.hub.routes.models import IncomingType, Route
from mageferry.hub.routes.portions import Portion, Sorted, sort_items
from mageferry.hub.routes.reach import Reach, handle_with
from mageferry.hub.routes.settings import description_of
from mageferry.hub.routes.storages import read_all


class Source(Protocol):
    """A reading that goes on. Portions are settled once they are kept; then `mark` may pass them."""

    def portions(self) -> Iterator[Portion]:
        """What comes in, one portion in memory at a time."""

    def note(self, portion: Portion) -> None:
        """The portion is being kept whole: what the source remembers of that belongs to the same transaction."""

    def settle(self, portion: Portion) -> None:
        """The portion is kept, in the database and for good."""

    def mark(self) -> dt.datetime | None:
        """From where the next run reads; None when it reads everything again. Ask when it is over."""


def open_source(route: Route, reach: Reach, since: dt.datetime | None) -> Source:
    """The source of a route. Raises ConfigError for settings that can't be used."""
    match route.incoming.type:
        case IncomingType.HTTP:
            return HttpSource(route, reach, since)
        case IncomingType.FILE:
            return FileSource(route.incoming, reach)
        case IncomingType.STORAGE:
            return StorageSource(route, reach)
        case IncomingType.HUB:
            return HubSource(route, reach)
    raise ValueError(f"{route.incoming.type} isn't read by runs")


class HttpSource:
    """Pages of a subscriber."""

    def __init__(self, route: Route, reach: Reach, since: dt.datetime | None) -> None:
        incoming = route.incoming
        assert incoming.client is not None, "checked before a run"
        description = description_of(incoming)
        subscriber = description.build("settings", ports=reach.ports, scope=reach.scope)
        self._client = reach.client(incoming.client)
        self._reading = Reading(subscriber, partial(handle_with, self._client), since)

    def portions(self) -> Iterator[Portion]:
        for page in pages(self._client, self._reading):
            yield page_portion(page)

    def note(self, portion: Portion) -> None:
        """The mark moves at the end of the run."""

    def settle(self, portion: Portion) -> None:
        self._reading.settled(portion.origin)

    def mark(self) -> dt.datetime | None:
        return self._reading.mark()


def page_portion(page: Page) -> Portion:
    """A page, with what of it can be kept."""
    source = f"page {page.number}"
    found = Sorted()
    settled = [entity for entity in page.entities if found.add_entity(entity, source)]
    failed = [
        error
        for error in page.failures
        if found.add_failure(error.data, error.message, error.remedy, source, error.identifier)
    ]
    skipped = page.skipped
    dropped = skipped.dropped + skipped.older + skipped.duplicates
    return Portion(
        source, page.received, tuple(found.arrivals), dropped, tuple(found.lost), origin=[*settled, *failed]
    )


class StorageSource:
    """All entries of a storage that haven't expired, with every run; unchanged ones are no tasks again."""

    def __init__(self, route: Route, reach: Reach) -> None:
        self._incoming, self._reach = route.incoming, reach
        assert self._incoming.storage is not None, "checked before a run"
        self._storage = self._incoming.storage
        self._how: StoredIncomingDescription = description_of(self._incoming)

    def portions(self) -> Iterator[Portion]:
        for entries in read_all(self._storage):
            chosen = [each for each in entries if each.key.startswith(self._how.prefix)]
            items = [self._item(each.key, each.value) for each in chosen]
            keys = [each.key for each in chosen]
            found = sort_items(self._incoming, items, self._reach, "storage", keys)
            yield Portion("storage", len(items), tuple(found.arrivals), found.dropped, tuple(found.lost))

    def _item(self, key: str, value: object) -> object:
        target = self._how.key_target
        return {**value, target: key} if target and isinstance(value, dict) else value

    def note(self, portion: Portion) -> None:
        """Entries are read anew by each run."""

    def settle(self, portion: Portion) -> None:
        """Entries stay where they are."""

    def mark(self) -> dt.datetime | None:
        return None


class HubSource:
    """What changed in the hub since the position of the route."""

    def __init__(self, route: Route, reach: Reach) -> None:
        self._incoming, self._reach, self._route_pk = route.incoming, reach, route.pk
        self._how: HubIncomingDescription = description_of(self._incoming)
        stored = Route.objects.values_list("position", flat=True).get(pk=route.pk)
        self._position = Position.read(stored) if stored else None

    def portions(self) -> Iterator[Portion]:
        more = True
        while more:
            page = changes(self._how.entity, self._incoming.account, self._position)
            keys = [str(entity["id"]) for entity in page.entities]
            found = sort_items(self._incoming, page.entities, self._reach, self._how.entity, keys)
            self._position, more = page.position, page.more
            yield Portion(
                self._how.entity,
                len(keys),
                tuple(self._compared(each) for each in found.arrivals),
                found.dropped,
                tuple(found.lost),
                page.position.data(),
            )

    def _compared(self, arrival: Arrival) -> Arrival:
        """A row that was written again as it was has changed its moment only."""
        if self._how.compared or not isinstance(arrival.data, dict):
            return arrival
        look = {name: value for name, value in arrival.data.items() if name != "changed_at"}
        return replace(arrival, fingerprint=fingerprint_of(look))

    def note(self, portion: Portion) -> None:
        """How far the route has read goes with the tasks."""
        Route.objects.filter(pk=self._route_pk).update(position=portion.position)

    def settle(self, portion: Portion) -> None:
        """The position was written with the tasks."""

    def mark(self) -> dt.datetime | None:
        return None
