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
    IncomingKind,
    Outgoing,
    OutgoingKind,
    Route,
    StoredTest,
)
from mageferry.hub.routes.models.tasks import RouteTask, TaskExchange, TaskStage

__all__ = [
    "Changes",
    "GlobalValue",
    "IdMapEntry",
    "Incoming",
    "IncomingKind",
    "Outgoing",
    "OutgoingKind",
    "Processed",
    "Route",
    "RouteTask",
    "Storage",
    "StorageEntry",
    "StoredTest",
    "TakenDelivery",
    "TaskExchange",
    "TaskStage",
]
