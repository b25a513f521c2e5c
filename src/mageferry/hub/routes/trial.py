"""Trying an incoming without writing anything: one page of it, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mageferry.http import HttpError
from mageferry.http.config import ConfigError
from mageferry.http.plugins.log import Exchange
from mageferry.http.subscriber import EntityError, IncomingError, Reading
from mageferry.http.subscriber.described import EntityDescription
from mageferry.http.subscriber.entities import EntityReader
from mageferry.hub.exchange import changes
from mageferry.hub.pipelines.journal import watching
from mageferry.hub.pipelines.shown import Shown, cut, shown_exchange
from mageferry.hub.routes.models import Incoming, IncomingType, Route
from mageferry.hub.routes.reach import Reach, handle_with
from mageferry.hub.routes.runner import ROUTE_FLOW
from mageferry.hub.routes.settings import description_of, missing_records
from mageferry.hub.routes.shown import pretty
from mageferry.hub.routes.storages import live_entries
from mageferry.hub.routes.transforming import Untransformed, entity_rules, transform_entity
from mageferry.hub.work.marks import mark_of
from mageferry.magento import MagentoError

MOST_ITEMS: Final = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """What there is behind one transformer: `title` names it; `failures` are sentences, with their places."""

    title: str
    entities: list[Any]
    failures: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The entities as JSON for a person, cut."""
        return cut(pretty(self.entities))


@dataclass(frozen=True, slots=True)
class Trial:
    """What one page brought: requests, sign-ins too, items as they came, and what becomes of them. With an error:
    where it ended."""

    exchanges: list[Shown]
    items: list[Any]
    received: int
    stages: list[Stage]
    identifiers: list[str]
    error: str = ""
    remedy: str = ""


def try_step(
    incoming: Incoming,
    route: Route | None = None,
    sample: Any = None,
    limit: int = MOST_ITEMS,
    pages: int = 1,
) -> Trial:
    """Read one page of an incoming for real and show what becomes of its first items; nothing is written.

    `route`: its transformers are tried as well. `sample`: the items to go on with instead of reading, for a webhook or
    file. `pages`: read so many, to see that one leads to the next. What goes wrong is in the trial.
    """
    page = _Page(limit, pages)
    with Reach() as reach:
        try:
            if sample is not None:
                page.take(sample if isinstance(sample, list) else [sample])
            else:
                _read(incoming, route, reach, page)
            page.go_through(incoming, route, reach)
        except ConfigError as error:
            page.error = str(error)
            page.remedy = error.remedy
        except (HttpError, MagentoError, IncomingError) as error:
            page.error, page.remedy = reach.masked(error.message), error.remedy
        exchanges = [shown_exchange(each, reach.masked) for each in page.exchanges]
    return Trial(exchanges, page.items, page.received, page.stages, page.identifiers, page.error, page.remedy)


@dataclass(slots=True)
class _Page:
    limit: int
    pages: int = 1
    exchanges: list[Exchange] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    received: int = 0
    stages: list[Stage] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)
    error: str = ""
    remedy: str = ""

    def take(self, items: Sequence[Any]) -> None:
        self.received += len(items)
        self.items += items[: self.limit - len(self.items)]

    def go_through(self, incoming: Incoming, route: Route | None, reach: Reach) -> None:
        """Input transformers one by one, then the entities, then the transformers of the route."""
        for stage in stages_of("input transformer", incoming.transformers, self.items, reach):
            self.stages.append(stage)
        now = self.stages[-1].entities if self.stages else self.items
        reader, entities, failures = EntityReader(entity_rules(incoming)), [], []
        for number, data in enumerate(now, 1):
            try:
                entity = reader.read(data)
            except EntityError as error:
                failures.append(f"{number}: {error.reason}. {error.remedy}".strip())
            else:
                entities.append(entity.data)
                self.identifiers.append(entity.identifier)
        self.stages.append(Stage("entities", entities, failures))
        if route is not None:
            for stage in stages_of("transformer", route.transformers, entities, reach):
                self.stages.append(stage)


def stages_of(what: str, listed: Any, entities: Sequence[Any], reach: Reach) -> Iterator[Stage]:
    """What there is behind each of these transformers. Raises ConfigError."""
    now = list(entities)
    for index, each in enumerate(listed if isinstance(listed, list | tuple) else []):
        made: list[Any] = []
        failures: list[str] = []
        for number, entity in enumerate(now, 1):
            try:
                made += transform_entity([each], entity, reach, "transformers")
            except Untransformed as error:
                # Each is run by itself, so its own place is always the first.
                reason = error.reason.replace("transformers[0]", f"transformers[{index}]", 1)
                failures.append(f"{number}: {reason}. {error.remedy}".strip())
        kind = each.get("type", "") if isinstance(each, dict) else ""
        yield Stage(f"{what} {index + 1}: {kind}", made, failures)
        now = made


def _read(incoming: Incoming, route: Route | None, reach: Reach, page: _Page) -> None:
    for problem in missing_records(incoming):
        raise ConfigError([problem])
    if incoming.type == IncomingType.HTTP and incoming.client is not None:
        _read_http(incoming, route, reach, page)
    elif incoming.type == IncomingType.STORAGE and incoming.storage is not None:
        page.take([each.value for each in live_entries(incoming.storage)[: page.limit]])
    elif incoming.type == IncomingType.HUB:
        page.take(changes(description_of(incoming).entity, incoming.account, None).entities)
    else:
        page.error = f"Items of the type {incoming.get_type_display()} come by themselves."
        page.remedy = "Give a sample to try it with."


def _read_http(incoming: Incoming, route: Route | None, reach: Reach, page: _Page) -> None:
    assert incoming.client is not None, "checked before"
    description = description_of(incoming)
    # The items as they came: transformers and entities are looked at behind them.
    raw = {"transformers": (), "entities": EntityDescription()}
    subscriber = description.model_copy(update=raw).build("settings", ports=reach.ports, scope=reach.scope)
    client = reach.client(incoming.client)
    since = mark_of(route.scope, ROUTE_FLOW) if route is not None else None
    reading = Reading(subscriber, lambda plugins: handle_with(client, plugins), since)
    for _ in range(page.pages):
        with watching(page.exchanges):
            found = client.run(reading.next_page())
        if found is None:
            return
        numbered = [(entity.index, entity.data) for entity in found.entities]
        numbered += [(each.place.entity or 0, each.data) for each in found.failures if each.data is not None]
        page.take([item for _, item in sorted(numbered, key=lambda pair: pair[0])])
        # What is left out as a duplicate or too old was received as well.
        page.received += found.received - len(numbered)
