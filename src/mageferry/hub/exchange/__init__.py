"""The hub as an end point: orders, shipments, refunds, stock and products as plain JSON entities, in and out."""

from mageferry.hub.exchange.changed_pages import ChangedPage, Position, changes
from mageferry.hub.exchange.errors import RefusedEntity, UnknownSubject
from mageferry.hub.exchange.kinds import KINDS, Kind, kind_named, plan_entity, store_entity
from mageferry.hub.exchange.plans import EntityPlan, Kept, Outcome

__all__ = [
    "KINDS",
    "ChangedPage",
    "EntityPlan",
    "Kept",
    "Kind",
    "Outcome",
    "Position",
    "RefusedEntity",
    "UnknownSubject",
    "changes",
    "kind_named",
    "plan_entity",
    "store_entity",
]
