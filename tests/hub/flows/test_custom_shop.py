"""A shop whose API differs from the standard, served by settings and field mappings alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.readiness import check_connector
from mageferry.hub.connectors.shop import close_shops
from mageferry.hub.flows import runner
from mageferry.hub.flows.export_orders import EXPORT_ORDERS
from mageferry.hub.flows.get_orders import GET_ORDERS
from mageferry.hub.mapping.models import FieldMapping
from mageferry.hub.trade.models import Order, OrderItem
from mageferry.hub.work.dispatch import drain
from mageferry.hub.work.ledger import try_again
from mageferry.hub.work.models import RunStatus, UnitStatus, WorkUnit
from mageferry.hub.work.runs import Run
from mageferry.sandbox import Sandbox
from tests.hub.builders import (
    add_mappings,
    make_account,
    make_connector,
    make_export_row,
    make_linked_row,
    make_order,
)
from tests.hub.plain_shop import all_orders

SETTINGS: dict[str, Any] = {
    "operations": {"create_order": {"call": "POST /V1/acme/orders", "wrapper": "order", "answer": "order"}},
    "extra_headers": {"X-Acme-Client": "hub"},
    "secret_headers": '{"X-Acme-Gateway": "canary-5511"}',
    "reading_statuses": ["acme_packed", "complete"],
    "status_map": {"acme_packed": "rfs", "complete": "shipped", "processing": "rfs"},
    "export_status_map": {"rfs": {"state": "processing", "status": "acme_packed"}},
    "payment_method_map": {"card": "acme_card"},
    "shipping_method": "acme_locker",
    "number_rule": "template",
    "number_template": "{marketplace}/{account}/{order}",
}


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    with Sandbox("storefront", custom_shop=True, orders=120) as custom:
        yield custom
        close_shops()


@pytest.fixture
def connector(transactional_db: None, shop: Sandbox) -> Magento2Connector:
    connector = make_connector(shop.url, username=shop.username, password=shop.password, **SETTINGS)
    connector.full_clean()
    return connector


def run(flow: Any, row: Magento2Seller) -> Run:
    return runner.run_flow(flow, Magento2Seller.objects.select_related("connector", "account").get(pk=row.pk))


def test_it_is_ready(connector: Magento2Connector):
    make_export_row(connector, make_account(), store_id=1)
    Magento2Seller.objects.update(store_code="default")
    assert {
        each.level for each in check_connector(connector) if each.name in ("create orders", "read orders")
    } == {"ok"}


def test_orders_come_in_with_what_only_this_shop_has(connector: Magento2Connector, shop: Sandbox):
    row = make_linked_row(connector, make_account("Harbour Store", "HRB"))
    add_mappings(
        connector, "from_magento",
        ("order", "extension_attributes.acme_gift_note", "shipping_description", "append"),
        ("order_item", "extension_attributes.acme_bin", "extension_attributes.bin"),
        ("order_item", "order.extension_attributes.acme_channel", "extension_attributes.channel"),
        ("order_address", "company || order.customer_lastname", "company", "if_empty"),
        ("order_payment", "join('-', [method, to_string(order.entity_id)])", "transaction_id", "if_new"),
    )  # fmt: skip
    first = run(GET_ORDERS, row)
    assert (first.row.status, first.failed) == (RunStatus.FINISHED, 0)
    theirs = {
        each["entity_id"]: each
        for each in all_orders(shop)
        if each["store_id"] == 1 and each["status"] in ("acme_packed", "complete")
    }
    assert first.created == len(theirs) > 10
    for order in Order.objects.prefetch_related("items", "addresses", "payments"):
        their = theirs[order.connector_id or 0]
        own = their["extension_attributes"]
        assert order.status == {"acme_packed": "rfs", "complete": "shipped"}[their["status"]]
        assert order.shipping_description.endswith(own.get("acme_gift_note", ""))
        assert {item.extension_attributes["channel"] for item in order.items.all()} == {own["acme_channel"]}
        assert all(address.company for address in order.addresses.all())
        assert order.payments.filter(transaction_id=f"checkmo-{order.connector_id}").exists()
    # The shop refused a page of 100 once, and that was learned.
    asked = [(each.status, "pageSize%5D=100" in each.query) for each in shop.control.requests() if each.query]
    assert [entry for entry in asked if entry != (200, False)] == [(400, True)]
    again = run(GET_ORDERS, row)
    assert again.created == again.updated == 0


def test_what_changes_in_the_shop_changes_what_is_mapped_by_the_mode_of_the_row(
    connector: Magento2Connector, shop: Sandbox
):
    row = make_linked_row(connector, make_account("Harbour Store", "HRB"))
    add_mappings(
        connector, "from_magento",
        ("order", "extension_attributes.acme_channel", "shipping_service"),
        ("order", "extension_attributes.acme_channel", "customer_firstname", "if_new"),
        ("order", "extension_attributes.acme_channel", "shipping_description", "append"),
    )  # fmt: skip
    run(GET_ORDERS, row)
    order = Order.objects.filter(shipping_service="web").first()
    assert order is not None
    their = next(each for each in all_orders(shop) if each["entity_id"] == order.connector_id)
    changed = {**their["extension_attributes"], "acme_channel": "kiosk"}
    shop.control.touch_order(their["entity_id"], {"extension_attributes": changed})
    assert run(GET_ORDERS, row).updated == 1
    order.refresh_from_db()
    assert (order.shipping_service, order.customer_firstname) == ("kiosk", "web")
    assert order.shipping_description.endswith(", web, kiosk")
    assert "by a field mapping" in order.history.first().message  # type: ignore[union-attr]


def test_a_value_that_does_not_fit_parks_its_order_only(connector: Magento2Connector, shop: Sandbox):
    row = make_linked_row(connector, make_account("Harbour Store", "HRB"))
    add_mappings(connector, "from_magento", ("order", "extension_attributes.acme_total", "grand_total"))
    victim = next(
        each for each in all_orders(shop) if each["store_id"] == 1 and each["status"] == "acme_packed"
    )
    attributes = {**victim["extension_attributes"], "acme_total": "a lot"}
    shop.control.touch_order(victim["entity_id"], {"extension_attributes": attributes})
    first = run(GET_ORDERS, row)
    assert (first.row.status, first.failed) == (RunStatus.PARTLY, 1)
    assert Order.objects.count() == first.created > 10
    unit = WorkUnit.objects.get(kind="get_order")
    assert "acme_total -> grand_total: what it finds is no number: 'a lot'" in unit.reason
    assert "Preview mappings" in unit.remedy
    FieldMapping.objects.update(active=False)
    try_again([unit.pk])
    drain(["get_order"])
    unit.refresh_from_db()
    assert unit.status == UnitStatus.FINISHED


def test_orders_go_out_through_the_modules_call(connector: Magento2Connector, shop: Sandbox):
    row = make_export_row(connector, make_account(), store_id=1)
    add_mappings(
        connector, "to_magento",
        ("order", "marketplace.code", "extension_attributes.acme_channel"),
        ("order", '`"Sent by the hub"`', "extension_attributes.acme_gift_note", "if_empty"),
        ("order_payment", "transaction_id || 'none'", "additional_information[1]"),
        ("order_address", "join(' ', [firstname, lastname])", "company", "if_empty"),
        ("order_item", "order.account.name", "description"),
    )  # fmt: skip
    order = make_order(row.account)
    done = run(EXPORT_ORDERS, row)
    assert (done.created, done.failed) == (1, 0), Order.objects.get().error
    their = next(each for each in all_orders(shop) if each.get("ext_order_id") == order.marketplace_order_id)
    number = f"{order.account.marketplace.code}/AMZ/{order.marketplace_order_id}"
    assert (their["increment_id"], their["status"], their["state"]) == (number, "acme_packed", "processing")
    assert their["extension_attributes"]["acme_channel"] == order.account.marketplace.code
    assert their["extension_attributes"]["acme_gift_note"] == "Sent by the hub"
    assert their["payment"]["method"] == "acme_card"
    assert their["payment"]["additional_information"][1] == "none"
    assert their["billing_address"]["company"] == "Ruth Grady"
    assert their["items"][0]["description"] == "Amazon USA"
    assert Decimal(str(their["grand_total"])) == order.grand_total
    order.refresh_from_db()
    assert order.connector_id == their["entity_id"]
    unit = WorkUnit.objects.get()
    assert unit.request.startswith("POST /V1/acme/orders\n")
    assert "canary-5511" not in unit.request + unit.answer


# An error page comes before the shop does anything, the others after it.
@pytest.mark.parametrize(("fault", "requests"), [("lost_reply", 1), ("truncated", 1), ("error_page", 2)])
def test_an_answer_that_never_came_makes_no_second_order(
    connector: Magento2Connector, shop: Sandbox, fault: str, requests: int
):
    row = make_export_row(connector, make_account(), store_id=1)
    add_mappings(connector, "to_magento", ("order", '`"web"`', "extension_attributes.acme_channel"))
    order = make_order(row.account)
    shop.control.add_fault(fault, method="POST", path="/V1/acme/orders", count=1)
    run(EXPORT_ORDERS, row)
    WorkUnit.objects.filter(status=UnitStatus.RETRY).update(not_before=None)
    drain(["export_order"])
    found = [each for each in all_orders(shop) if each.get("ext_order_id") == order.marketplace_order_id]
    order.refresh_from_db()
    assert [each["entity_id"] for each in found] == [order.connector_id]
    assert shop.control.count_requests("POST", "/rest/V1/acme/orders") == requests


def test_a_row_that_does_not_fit_parks_the_order_before_anything_is_sent(
    connector: Magento2Connector, shop: Sandbox
):
    row = make_export_row(connector, make_account(), store_id=1)
    add_mappings(connector, "to_magento", ("order", "currency", "payment.method.code"))
    order = make_order(row.account)
    run(EXPORT_ORDERS, row)
    order.refresh_from_db()
    assert "currency -> payment.method.code: what it finds can't be put there" in order.error
    assert shop.control.count_requests(method="POST", path="/rest/V1/acme/orders") == 0
    assert OrderItem.objects.filter(magento_exported=True).count() == 0
