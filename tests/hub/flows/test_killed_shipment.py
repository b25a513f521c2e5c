"""kill -9 of a real worker process between sending a shipment and recording it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from mageferry.hub.connectors.models import (
    Magento2Connector,
    Magento2Seller,
    OrderShipmentMagento,
    OrdersMagento,
)
from mageferry.hub.flows import runner
from mageferry.hub.flows.create_shipments import intent_for
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.trade.models import OrderShipment
from mageferry.hub.work import ledger
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_account, make_linked_row
from tests.hub.plain_shop import shipments_of
from tests.hub.work.installation import Installation

ORDER = 18


def await_that(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, f"{what} never happened"
        time.sleep(0.05)


@pytest.fixture
def shipment(storefront_connector: Magento2Connector) -> OrderShipment:
    """A shipment that waits for a worker."""
    row = make_linked_row(storefront_connector, make_account("Harbour Store", "HRB"))
    Magento2Seller.objects.update(create_shipments=True)
    row = Magento2Seller.objects.select_related("connector").get(pk=row.pk)
    runner.run_flow(GET_ORDERS, row)
    order = OrdersMagento.objects.get(entity_id=ORDER).order
    shipment = OrderShipment.objects.create(order=order, shipped_at=timezone.now())
    shipment.items.create(order_item=order.items.get(sku="LF-TENT-2"), quantity=1)
    ledger.write_intents([intent_for(shipment, row)])
    return shipment


def test_the_shop_goes_on_with_it_and_it_is_adopted(
    shipment: OrderShipment, storefront: Sandbox, tmp_path: Path
):
    # The request reaches the shop, which takes its time; the worker is killed in the meantime.
    slow = storefront.control.add_fault("delay", method="POST", path="/ship", count=1, seconds=5)
    running = Installation(tmp_path / "log")
    try:
        running.start("worker")
        await_that(lambda: slow.hits, "the request")
    finally:
        running.close()
    drain(["create_shipment"])
    unit = WorkUnit.objects.get(kind="create_shipment")
    assert unit.status in (UnitStatus.RETRY, UnitStatus.FINISHED)
    assert unit.step in (Step.UNCLEAR, Step.DONE)
    await_that(lambda: storefront.control.journal.open_now == 0, "the end of the first request")
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["create_shipment"])
    (theirs,) = shipments_of(storefront, ORDER)
    assert OrderShipmentMagento.objects.get(order_shipment=shipment).shipment_id == theirs["entity_id"]
    assert WorkUnit.objects.get(kind="create_shipment").status == UnitStatus.FINISHED
