"""Asking a Magento that was down whether it is back."""

from __future__ import annotations

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.outages import PROBE, connector_with, probe_of
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.work import ledger, outages
from mageferry.hub.work.handling import handles
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.magento import MagentoError

_GATEWAY_STATUSES = (502, 503, 504)


@handles(PROBE)
def probe_shop(held: Claim) -> Outcome:
    """Ask the shop for something small; end the outage when it answers, ask again later when it doesn't."""
    key, probes = held.unit.payload["connector_key"], held.unit.payload["probes"]
    connector = connector_with(key).first()
    if outages.outage_of(key) is None:
        return ledger.skipped("The connector isn't paused by an outage any more.")
    if connector is None or not connector.active:
        outages.end_outage(key)
        return ledger.skipped("The connector is gone or not active any more.")
    problem = _what_is_wrong(connector)
    if problem is None:
        return ledger.finished(lambda: _resume(key))
    return ledger.finished(lambda: _ask_later(key, probes + 1), result={"answer": problem})


def _what_is_wrong(connector: Magento2Connector) -> str | None:
    """None when the shop answers for itself, be it with a refusal."""
    try:
        with open_shop(connector) as shop:
            shop.get("/V1/store/websites")
    except MagentoError as error:
        return error.message if error.status is None or error.status in _GATEWAY_STATUSES else None
    return None


def _resume(connector_key: str) -> None:
    if outages.end_outage(connector_key) is not None:
        connector_with(connector_key).update(error="", remedy="")


def _ask_later(connector_key: str, probes: int) -> None:
    ledger.write_intents([probe_of(connector_key, probes)])
