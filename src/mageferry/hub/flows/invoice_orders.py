"""Invoicing an exported order by `POST /V1/order/{id}/invoice`: part of Export Orders, for connectors set to that.

The unit is written together with the ids of the order that was made. Magento itself refuses to invoice an order twice;
after an unclear answer, or when it refuses, the order is looked at.
"""

from __future__ import annotations

from typing import Any

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.history import store_of
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.writing import FOUND, Write, as_text, write_once
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.sale import read_sale
from mageferry.hub.trade.history import Place, write_history
from mageferry.hub.trade.models import HistoryOutcome, Order
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import UnitStatus
from mageferry.magento import Magento, MagentoError, SearchCriteria
from mageferry.magento.errors import Rejected

ONE_INVOICE = "invoice_order"
_FLOW = "export_orders"


def invoice_intent(order: Order, row: Magento2Seller, entity_id: int) -> Intent:
    """The unit that invoices one order of a Magento."""
    return Intent(
        ONE_INVOICE, f"Invoice of order {order} of {row.account}", row.connector.key,
        f"{ONE_INVOICE}:{row.connector_id}:{entity_id}",
        payload={
            "order": order.pk, "connector": row.connector_id, "entity_id": entity_id,
            "target_store": store_of(row),
        },
        priority=15,
    )  # fmt: skip


@handles(ONE_INVOICE)
def invoice_order(held: Claim) -> Outcome:
    """One attempt to invoice everything of one order."""
    payload = held.unit.payload
    connector = Magento2Connector.objects.filter(pk=payload["connector"]).first()
    if connector is None or not Order.objects.filter(pk=payload["order"]).exists():
        return ledger.skipped("The order or the connector is gone from the hub.")
    if not connector.active:
        return ledger.failed(
            f"The connector {connector.name} isn't active.", "Tick Active on the connector, then retry."
        )
    with open_shop(connector) as shop:
        try:
            return write_once(held, _write(held, shop, connector))
        except Rejected as error:
            return _refused(held, shop, connector, error)
        except MagentoError as error:
            return outcome_of(error, held)


def _write(held: Claim, shop: Magento, connector: Magento2Connector) -> Write[list[int]]:
    entity_id = held.unit.payload["entity_id"]
    return Write(
        request=as_text("POST", f"/V1/order/{entity_id}/invoice", {"capture": True}),
        # The money came in at the marketplace; an offline payment method counts it as paid.
        send=lambda: [shop.orders.invoice(entity_id)],
        look=lambda: _invoices_of(shop, entity_id),
        adopt=lambda made, message: _adopt(held, connector, made, message),
        done="Invoiced in Magento.",
    )


def _invoices_of(shop: Magento, entity_id: int) -> list[int] | None:
    """The invoices of an order of which nothing is left to invoice; None while something is."""
    try:
        sale = read_sale(shop.orders.get(entity_id))
    except UnusableRecord as problem:
        raise Rejected(problem.reason, remedy=problem.remedy) from None
    if any(line.to_invoice for line in sale.lines.values()):
        return None
    criteria = SearchCriteria().where("order_id", "eq", entity_id)
    return [int(invoice["entity_id"]) for invoice in shop.invoices.all(criteria)]


def _refused(held: Claim, shop: Magento, connector: Magento2Connector, error: Rejected) -> Outcome:
    """Refused since it is invoiced already, by an earlier attempt or by somebody in the shop; or for good."""
    try:
        found = _invoices_of(shop, held.unit.payload["entity_id"])
    except MagentoError as looking:
        return outcome_of(looking, held)
    if found:
        return _adopt(held, connector, found, FOUND)
    effect = _history(held, connector, HistoryOutcome.FAILED, f"Not invoiced: {error.message}", {})
    answer = error.raw.decode("utf-8", "replace")[:4000]
    return Outcome(UnitStatus.FAILED, reason=error.message, remedy=error.remedy, answer=answer, effect=effect)


def _adopt(held: Claim, connector: Magento2Connector, made: list[int], message: str) -> Outcome:
    ids = {"invoice_ids": made}
    return ledger.finished(_history(held, connector, HistoryOutcome.DONE, message, ids), result=ids)


def _history(
    held: Claim, connector: Magento2Connector, outcome: HistoryOutcome, message: str, ids: dict[str, Any]
) -> Any:
    payload = held.unit.payload
    place = Place(connector.name, payload["target_store"])

    def record() -> None:
        write_history(_FLOW, place, payload["order"], outcome, message, ids)

    return record
