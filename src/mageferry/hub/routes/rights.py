"""Which permission it takes to act on a unit of work: that of what it belongs to."""

from __future__ import annotations

from typing import Final

from mageferry.hub.routes.arrivals import ROUTE_TASK
from mageferry.hub.routes.outages import PROBE
from mageferry.hub.routes.runner import RUN_ROUTE

_OF_CONNECTORS: Final = "connectors.change_magento2connector"
MAY_CHANGE_CLIENTS: Final = "pipelines.change_httpclientrecord"
_OF_KIND: Final = {
    ROUTE_TASK: "routes.change_routetask",
    RUN_ROUTE: "routes.change_route",
    PROBE: MAY_CHANGE_CLIENTS,
}


def right_to_change(kind: str) -> str:
    """The permission for units of this kind; those of flows belong to the connectors."""
    return _OF_KIND.get(kind, _OF_CONNECTORS)
