from mageferry.hub.routes.models.memory import (
    GlobalValue,
    IdMapEntry,
    Processed,
    Storage,
    StorageEntry,
    TakenDelivery,
)
from mageferry.hub.routes.models.records import (
    Changes,
    Incoming,
    IncomingType,
    Outgoing,
    OutgoingType,
    Route,
    StoredTest,
)
from mageferry.hub.routes.models.refusals import RefusedDelivery
from mageferry.hub.routes.models.tasks import RouteTask, TaskExchange, TaskRetry, TaskStage

__all__ = [
    "Changes",
    "GlobalValue",
    "IdMapEntry",
    "Incoming",
    "IncomingType",
    "Outgoing",
    "OutgoingType",
    "Processed",
    "RefusedDelivery",
    "Route",
    "RouteTask",
    "Storage",
    "StorageEntry",
    "StoredTest",
    "TakenDelivery",
    "TaskExchange",
    "TaskRetry",
    "TaskStage",
]
