"""What a task's entity becomes: through the input transformers for an item, through the route's for an entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mageferry.http.subscriber import Entity, EntityRules
from mageferry.http.subscriber.entities import EntityReader
from mageferry.http.transformers import Transformers
from mageferry.hub.routes.models import Incoming, IncomingType
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.settings import description_of


@dataclass(frozen=True, slots=True)
class Untransformed(Exception):
    """An entity that couldn't be transformed; `transient`: another attempt may do."""

    reason: str
    remedy: str
    transient: bool = False


def transform_entity(listed: Any, entity: Any, reach: Reach, path: str = "transformers") -> list[Any]:
    """What the transformers make of one entity: nothing, one or several. Raises Untransformed, ConfigError."""
    return transform(Transformers.parse(listed, path), entity, reach) if listed else [entity]


def transform(transformers: Transformers, entity: Any, reach: Reach) -> list[Any]:
    """The same by transformers that are parsed already. Raises Untransformed."""
    result = reach.run(transformers.run([entity], reach.ports))
    for failure in result.failures:
        where = f"{failure.path}: " if failure.path else ""
        raise Untransformed(f"{where}{failure.message}", failure.remedy, failure.transient)
    try:
        return [plain(data) for data in result.data]
    except NotStorable as error:
        raise Untransformed(f"What the transformers made: {error}", "Mend the transformers.") from None


def read_item(incoming: Incoming, item: Any, reach: Reach) -> list[Entity]:
    """The entities of an item that came in. Raises Untransformed, EntityError, ConfigError."""
    made = transform_entity(incoming.transformers, item, reach, "input transformers")
    reader = EntityReader(entity_rules(incoming))
    return [reader.read(data) for data in made]


def entity_rules(incoming: Incoming) -> EntityRules:
    """What makes an item an entity. Raises ConfigError."""
    if incoming.type == IncomingType.STORAGE:
        return EntityRules()
    if incoming.type == IncomingType.HUB:
        return EntityRules(compared=description_of(incoming).compared)
    rules: EntityRules = description_of(incoming).entities.build()
    return rules
