"""A Magento that is down: its connector is paused and says so, once."""

from __future__ import annotations

from django.db.models import QuerySet

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.work import outages
from mageferry.hub.work.ledger import Intent

PROBE = "probe_shop"
REMEDY = (
    "Nothing more is sent until the shop answers; the hub asks it again by itself and then goes on. "
    "Look whether the shop is up, and whether the address and certificate are right."
)


def probe_of(connector_key: str, probes: int = 0) -> Intent:
    """The unit of work that asks the shop whether it is back. It belongs to no connector, or it would be paused too."""
    return Intent(
        PROBE,
        outages.probe_subject(connector_key),
        payload={"connector_key": connector_key, "probes": probes},
        priority=5,
        wait_seconds=outages.next_probe_seconds(probes),
    )


def shop_is_down(connector_key: str, reason: str) -> None:
    """The shop has not answered for a while: pause the connector and say so on it, once."""
    if outages.declare_down(connector_key, reason, probe_of(connector_key)):
        connector_with(connector_key).update(error=f"The shop is down: {reason}", remedy=REMEDY)


def connector_with(connector_key: str) -> QuerySet[Magento2Connector]:
    """The connector that has this key in the ledger."""
    return Magento2Connector.objects.filter(pk=int(connector_key.partition(":")[2]))
