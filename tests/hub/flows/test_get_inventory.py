"""Get inventory, against a sandbox shop over HTTP."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.readiness import check_connector
from mageferry.hub.connectors.shop import close_shops, open_shop
from mageferry.hub.flows import get_inventory as flow_module
from mageferry.hub.flows import runner
from mageferry.hub.flows.get_inventory import GET_INVENTORY
from mageferry.hub.flows.stock_import import Shelf
from mageferry.hub.mapping.stock_in import StockRecord
from mageferry.hub.trade.models import Location, LocationQuantity, Product, sku_key
from mageferry.hub.work.models import FlowRun, RunStatus
from mageferry.hub.work.runs import Run
from mageferry.magento.diagnosis import Level
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_connector

SOURCE_ITEMS = "/rest/V1/inventory/source-items"


@pytest.fixture
def warehouse(back_office_connector: Magento2Connector) -> Magento2Seller:
    """A row that reads the stock of us_online."""
    return make_stock_row(back_office_connector, "us_online", "US")


def make_stock_row(
    connector: Magento2Connector, code: str, location: str = "", **changes: Any
) -> Magento2Seller:
    place = (
        Location.objects.get_or_create(code=location, defaults={"name": location})[0] if location else None
    )
    return Magento2Seller.objects.create(
        connector=connector,
        store_id=changes.pop("store_id", 31),
        location=place,
        warehouse_code=code,
        get_inventory=True,
        **changes,
    )


def make_products(*skus: str) -> None:
    for sku in skus:
        Product.objects.create(sku=sku)


def get_inventory(row: Magento2Seller) -> Run:
    return runner.run_flow(GET_INVENTORY, Magento2Seller.objects.select_related("connector").get(pk=row.pk))


def quantities(location: str = "US") -> dict[str, Decimal]:
    rows = LocationQuantity.objects.filter(location__code=location)
    return dict(rows.values_list("product__sku", "quantity"))


def set_stock(row: Magento2Seller, sku: str, quantity: float, status: int = 1) -> None:
    with open_shop(row.connector) as shop:
        shop.source_items.save(
            [{"sku": sku, "source_code": row.warehouse_code, "quantity": quantity, "status": status}]
        )


def test_quantities_of_known_products_are_stored_and_the_others_named(warehouse: Magento2Seller):
    make_products("LF-LAMP", "LF-TENT-2", "NOT-IN-SHOP")
    run = get_inventory(warehouse)
    assert run.row.status == RunStatus.FINISHED
    assert quantities() == {"LF-LAMP": 250, "LF-TENT-2": 250}
    assert (run.read, run.created, run.skipped) == (21, 2, 19)
    (note,) = run.notes
    assert note.startswith("SKUs that are no product of the hub: 19 (LF-BAG-0C, ")
    assert FlowRun.objects.get().notes == note


def test_a_second_run_writes_only_what_differs(warehouse: Magento2Seller):
    make_products("LF-LAMP", "LF-TENT-2", "LF-ROPE 20M")
    get_inventory(warehouse)
    before = dict(LocationQuantity.objects.values_list("product__sku", "updated_at"))
    set_stock(warehouse, "LF-LAMP", 12.5)
    run = get_inventory(warehouse)
    assert (run.created, run.updated, run.unchanged) == (0, 1, 2)
    assert quantities()["LF-LAMP"] == Decimal("12.5")
    after = dict(LocationQuantity.objects.values_list("product__sku", "updated_at"))
    assert [sku for sku in before if before[sku] != after[sku]] == ["LF-LAMP"]


def test_out_of_stock_and_oversold_are_zero(warehouse: Magento2Seller):
    make_products("LF-LAMP", "LF-TENT-2")
    set_stock(warehouse, "LF-LAMP", 40, status=0)
    set_stock(warehouse, "LF-TENT-2", -3)
    run = get_inventory(warehouse)
    assert quantities() == {"LF-LAMP": 0, "LF-TENT-2": 0}
    assert "Quantities below zero (oversold), taken as 0: 1 (LF-TENT-2)." in run.notes


def test_case_and_blanks_of_a_sku_do_not_matter(warehouse: Magento2Seller):
    make_products("lf-lamp", "LF-TENT-2")
    make_products("lf-rope 20m", "LF-Rope 20m")
    run = get_inventory(warehouse)
    assert quantities() == {"lf-lamp": 250, "LF-TENT-2": 250}
    assert "SKUs that several products of the hub share but for case or blanks: 1 (LF-ROPE 20M)." in run.notes


def test_what_left_the_warehouse_is_zero_after_a_complete_read(warehouse: Magento2Seller):
    make_products("LF-LAMP", "LF-TENT-2", "BY-HAND")
    get_inventory(warehouse)
    by_hand = Product.objects.get(sku="BY-HAND")
    LocationQuantity.objects.create(product=by_hand, location=warehouse.location, quantity=7)
    with open_shop(warehouse.connector) as shop:
        shop.source_items.delete([{"sku": "LF-LAMP", "source_code": "us_online"}])
    run = get_inventory(warehouse)
    assert quantities() == {"LF-LAMP": 0, "LF-TENT-2": 250, "BY-HAND": 7}
    assert run.updated == 1
    assert "No longer at this warehouse, now 0: 1 (LF-LAMP)." in run.notes


@pytest.fixture
def many(transactional_db: None) -> Iterator[tuple[Sandbox, Magento2Seller]]:
    """A shop whose list of source items has five pages, and a hub that knows all its products."""
    with Sandbox("back-office", products=100) as shop:
        connector = make_connector(shop.url, username=shop.username, password=shop.password, page_size=25)
        make_products(*(f"BULK-{number:07d}" for number in range(1, 101)))
        yield shop, make_stock_row(connector, "us_online", "US")
        close_shops()


def test_a_read_that_breaks_off_empties_nothing_and_keeps_what_it_wrote(
    many: tuple[Sandbox, Magento2Seller], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(flow_module, "LEAST_PAGE", 25)
    sandbox, row = many
    get_inventory(row)
    assert len(quantities()) == 100
    with open_shop(row.connector) as shop:
        shop.source_items.delete(
            [{"sku": f"BULK-{number:07d}", "source_code": "us_online"} for number in (1, 99)]
        )
    set_stock(row, "BULK-0000002", 5000)
    set_stock(row, "BULK-0000098", 5000)
    before = quantities()
    sandbox.control.add_fault("internal_error", skip=2, path=f"{SOURCE_ITEMS}[?]")
    run = get_inventory(row)
    assert run.row.status == RunStatus.FAILED
    assert run.row.error
    assert quantities() == before | {"BULK-0000002": Decimal(5000)}
    sandbox.control.clear_faults()
    run = get_inventory(row)
    assert run.row.status == RunStatus.FINISHED
    gone = {"BULK-0000001": Decimal(0), "BULK-0000099": Decimal(0)}
    assert quantities() == before | {"BULK-0000002": 5000, "BULK-0000098": 5000} | gone


def test_one_bad_answer_in_the_middle_is_asked_again(
    many: tuple[Sandbox, Magento2Seller], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(flow_module, "LEAST_PAGE", 25)
    sandbox, row = many
    for kind in ("internal_error", "reset", "bad_gateway", "truncated"):
        sandbox.control.add_fault(kind, skip=2, count=1, path=f"{SOURCE_ITEMS}[?]")
    run = get_inventory(row)
    assert run.row.status == RunStatus.FINISHED
    assert len(quantities()) == 100


def test_a_row_that_cannot_be_read_fails_alone_and_keeps_its_quantity(
    warehouse: Magento2Seller, back_office: Sandbox
):
    make_products("LF-LAMP", "LF-TENT-2")
    get_inventory(warehouse)
    set_stock(warehouse, "LF-LAMP", 10**9)
    set_stock(warehouse, "LF-TENT-2", 3)
    run = get_inventory(warehouse)
    assert run.row.status == RunStatus.PARTLY
    assert quantities() == {"LF-LAMP": 250, "LF-TENT-2": 3}
    (failure,) = run.failures
    assert "'LF-LAMP'" in failure
    assert "out of range" in failure


def test_a_shop_without_sources_gives_its_stock_items(warehouse: Magento2Seller, back_office: Sandbox):
    make_products("LF-LAMP", "LF-FILTER", "LF-SHIRT")
    back_office.control.set_setting("sandbox/inventory/enabled", "0")
    run = get_inventory(warehouse)
    assert run.row.status == RunStatus.FINISHED
    # What the default source has; a configurable has none of its own.
    assert quantities() == {"LF-LAMP": 50, "LF-FILTER": 0}
    assert run.notes[0].startswith("The shop has no sources (Inventory Management is off)")
    asked = back_office.control.count_requests("GET", "/rest/V1/inventory/sources/us_online")
    assert get_inventory(warehouse).unchanged == 2
    assert back_office.control.count_requests("GET", "/rest/V1/inventory/sources/us_online") == asked
    # A day later it is asked again, and has sources now.
    back_office.control.set_setting("sandbox/inventory/enabled", "1")
    warehouse.connector.refresh_from_db()
    since = warehouse.connector.without_sources_at
    assert since is not None
    Magento2Connector.objects.update(without_sources_at=since - flow_module.ASK_AGAIN_AFTER)
    get_inventory(warehouse)
    assert quantities()["LF-LAMP"] == 250
    warehouse.connector.refresh_from_db()
    assert warehouse.connector.without_sources_at is None


def test_no_warehouse_means_stock_items(back_office_connector: Magento2Connector):
    row = make_stock_row(back_office_connector, "--", "DE")
    make_products("LF-LAMP")
    run = get_inventory(row)
    assert quantities("DE") == {"LF-LAMP": 50}
    assert run.notes[0].startswith("The Warehouse Code is --")


@pytest.mark.parametrize(
    ("code", "location", "words"),
    [
        ("us_online", "", "has no Location"),
        ("", "US", "has no Warehouse Code"),
        ("us_onlien", "US", "has no source us_onlien"),
    ],
)
def test_a_row_that_lacks_something_says_what(
    back_office_connector: Magento2Connector, code: str, location: str, words: str
):
    make_products("LF-LAMP")
    run = get_inventory(make_stock_row(back_office_connector, code, location))
    assert run.row.status == RunStatus.FAILED
    assert words in run.row.error
    assert run.row.remedy
    assert not LocationQuantity.objects.exists()


def test_two_warehouses_do_not_write_into_one_location(back_office_connector: Magento2Connector):
    us = make_stock_row(back_office_connector, "us_online", "US")
    make_stock_row(back_office_connector, "au_online", "US", store_id=33)
    run = get_inventory(us)
    assert run.row.status == RunStatus.FAILED
    assert "Several warehouses write into the location US" in run.row.error


def test_two_rows_may_share_one_warehouse(back_office_connector: Magento2Connector):
    make_products("LF-LAMP")
    walmart = make_stock_row(back_office_connector, "us_online", "US")
    amazon = make_stock_row(back_office_connector, "us_online", "US", store_id=32)
    assert get_inventory(walmart).created == 1
    assert get_inventory(amazon).unchanged == 1


def test_what_another_row_wrote_meanwhile_is_not_emptied(warehouse: Magento2Seller):
    make_products("LF-LAMP", "NEW-1")
    get_inventory(warehouse)
    began_at = timezone.now()
    assert warehouse.location is not None
    origin = LocationQuantity.objects.get().origin
    # This read passed NEW-1 before it was there; the other row's read found it.
    mine, others = Shelf(warehouse.location, origin), Shelf(warehouse.location, origin)
    lamp, new = (StockRecord(sku, sku_key(sku), Decimal(4)) for sku in ("LF-LAMP", "NEW-1"))
    others.store([lamp, new])
    mine.store([lamp])
    assert mine.empty_unseen(began_at).count == 0
    assert quantities() == {"LF-LAMP": 4, "NEW-1": 4}
    later = Shelf(warehouse.location, origin)
    later.store([lamp])
    assert later.empty_unseen(timezone.now()).examples == ["NEW-1"]


def test_switched_off_nothing_is_asked(warehouse: Magento2Seller, back_office: Sandbox):
    warehouse.get_inventory = False
    warehouse.save()
    with pytest.raises(runner.SetupProblem, match="switched off"):
        get_inventory(warehouse)
    assert back_office.control.count_requests() == 0


def test_the_check_of_a_connector_knows_shops_without_sources(
    warehouse: Magento2Seller, back_office: Sandbox
):
    back_office.control.set_setting("sandbox/inventory/enabled", "0")
    findings = {each.name: each for each in check_connector(warehouse.connector)}
    assert findings["read stock items"].text == "23 can be read"
    assert findings["sources"].level is Level.WARN
    warehouse.warehouse_code = "--"
    warehouse.save()
    findings = {each.name: each for each in check_connector(warehouse.connector)}
    assert findings["read stock items"].level is Level.OK
    assert "sources" not in findings
