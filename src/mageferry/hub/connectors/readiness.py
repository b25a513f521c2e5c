"""Whether a connector is ready for what its rows are to do: asks the shop and says what it found, in words."""

from __future__ import annotations

from mageferry.hub.connectors.models import InvoiceRule, Magento2Connector
from mageferry.hub.connectors.shop import open_shop
from mageferry.magento import MagentoError
from mageferry.magento.diagnosis import (
    CREATE_ORDERS,
    INVOICE,
    REFUND,
    SHIP,
    Expectations,
    Finding,
    Level,
    WriteProbe,
    diagnose,
)
from mageferry.magento.resources import (
    CREDIT_MEMOS,
    INVOICES,
    ORDERS,
    PRODUCTS,
    SHIPMENTS,
    SOURCE_ITEMS,
    ResourceSpec,
)

# What each flow of a seller row reads and writes in the shop.
READS: dict[str, tuple[ResourceSpec, ...]] = {
    "get_orders": (ORDERS,),
    "export_orders": (ORDERS,),
    "get_shipments": (SHIPMENTS,),
    "create_shipments": (ORDERS, SHIPMENTS),
    "create_return": (ORDERS, CREDIT_MEMOS),
    "get_inventory": (SOURCE_ITEMS,),
    "get_products": (PRODUCTS,),
}
WRITES: dict[str, tuple[WriteProbe, ...]] = {
    "export_orders": (CREATE_ORDERS,),
    "create_shipments": (SHIP,),
    "create_return": (REFUND,),
}


def check_connector(connector: Magento2Connector) -> list[Finding]:
    """Look at the connection, the permissions and the rows. The first failure is stored on the connector."""
    try:
        with open_shop(connector) as shop:
            findings = shop.run(diagnose(shop.plans, expectations_of(connector)))
    except MagentoError as error:
        findings = [Finding("connection", Level.FAIL, error.message, error.remedy)]
    failed = next((finding for finding in findings if finding.level is Level.FAIL), None)
    Magento2Connector.objects.filter(pk=connector.pk).update(
        error=failed.text if failed else "", remedy=failed.remedy if failed else ""
    )
    return findings


def expectations_of(connector: Magento2Connector) -> Expectations:
    """What the connector's rows need of the shop."""
    rows = list(connector.sellers.all())
    without_warehouse = [row for row in rows if row.get_inventory and row.source_code is None]
    flows = {name for row in rows for name in {*READS, *WRITES} if getattr(row, name)}
    reads = {spec.name: spec for name in sorted(flows) for spec in READS.get(name, ())} or {
        ORDERS.name: ORDERS
    }
    writes = {probe.name: probe for name in sorted(flows) for probe in WRITES.get(name, ())}
    if "export_orders" in flows and connector.invoice_rule == InvoiceRule.CALL:
        reads[INVOICES.name], writes[INVOICE.name] = INVOICES, INVOICE
    return Expectations(
        stores=tuple((row.store_id, row.store_code) for row in rows),
        sources=tuple(row.source_code for row in rows if row.source_code),
        reads=tuple(reads.values()),
        writes=tuple(writes.values()),
        page_size=connector.page_size,
        verifies_tls=connector.verify_tls,
        stock_items=bool(without_warehouse),
    )
