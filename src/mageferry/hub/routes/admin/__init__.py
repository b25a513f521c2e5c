"""Pages of routes: what they join, their tasks, storages and tests."""

from mageferry.hub.routes.admin.ends import IncomingAdmin, OutgoingAdmin
from mageferry.hub.routes.admin.memory import (
    GlobalValueAdmin,
    IdMapEntryAdmin,
    StorageAdmin,
    StorageEntryAdmin,
)
from mageferry.hub.routes.admin.refusals import RefusedDeliveryAdmin
from mageferry.hub.routes.admin.routes import RouteAdmin
from mageferry.hub.routes.admin.stored_tests import StoredTestAdmin
from mageferry.hub.routes.admin.tasks import TaskAdmin

__all__ = [
    "GlobalValueAdmin",
    "IdMapEntryAdmin",
    "IncomingAdmin",
    "OutgoingAdmin",
    "RefusedDeliveryAdmin",
    "RouteAdmin",
    "StorageAdmin",
    "StorageEntryAdmin",
    "StoredTestAdmin",
    "TaskAdmin",
]
