"""The example ERP, end to end: its products and stock come in, orders of the hub go out, each once whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mageferry.hub.exchange import changes
from mageferry.hub.pipelines.clients import close_clients
from mageferry.hub.routes.models import RouteTask, StoredTest
from mageferry.hub.routes.stored_tests import run_test
from mageferry.hub.trade.models import Account, LocationQuantity, Order, Product
from mageferry.hub.work.models import WorkUnit
from mageferry.sandbox.demo.goods import MARKETPLACE_SKUS
from mageferry.sandbox.examples import Erp
from tests.hub.builders import make_order
from tests.hub.examples.running import read, run, set_up, statuses, work_it_off
from tests.hub.work.installation import Installation
from tests.sandbox.examples_client import Clerk

LAMP = "LF-LAMP"


@pytest.fixture
def erp(transactional_db: None) -> Iterator[Erp]:
    with Erp() as erp:
        set_up("erp", "kontorhaus", base_uri=f"{erp.url}/api", own_authentication__password=erp.password)
        yield erp
        close_clients()


def take_in_goods() -> None:
    for code in ("kontorhaus-products", "kontorhaus-stock"):
        assert set(run(code)) == {"finished"}


def an_order(number: str = "4001", status: str = "rfs") -> Order:
    line = {"sku": LAMP, "quantity": Decimal(2), "price": Decimal("19.90")}
    return make_order(Account.objects.get(code="QM"), [line], marketplace_order_id=number, status=status)


def sales_orders(erp: Erp) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Clerk(erp).get("/api/sales-orders?size=200").json["rows"]
    return found


def test_products_and_stock_come_in_and_only_changes_come_again(erp: Erp) -> None:
    take_in_goods()
    assert Product.objects.count() == len(MARKETPLACE_SKUS)
    assert LocationQuantity.objects.count() == 2 * len(MARKETPLACE_SKUS)
    Clerk(erp).switch("stock", {"article": LAMP, "warehouse": "MAIN", "available": 7})
    Clerk(erp).switch(f"products/{LAMP}", {"net_price": 9.5, "blocked": True})
    assert read("kontorhaus-stock") == 1
    assert read("kontorhaus-products") == 1
    work_it_off()
    lamp = Product.objects.get(sku=LAMP)
    assert (lamp.price, lamp.active) == (Decimal("9.5"), False)
    assert LocationQuantity.objects.get(product=lamp, location__code="MAIN").quantity == 7


def test_stock_of_the_erp_is_the_location_quantity_that_the_hub_tells(erp: Erp) -> None:
    take_in_goods()
    Clerk(erp).switch("stock", {"article": LAMP, "warehouse": "MAIN", "available": 3})
    run("kontorhaus-stock")
    told = {
        (each["sku"], each["location"]): each["quantity"] for each in changes("stock", None, None).entities
    }
    assert told[LAMP, "MAIN"] == 3
    assert len(told) == 2 * len(MARKETPLACE_SKUS)


def test_stock_of_products_that_the_hub_does_not_know_yet_waits_for_them(erp: Erp) -> None:
    assert set(run("kontorhaus-stock")) == {"retry"}
    run("kontorhaus-products")
    work_it_off()
    assert set(statuses("kontorhaus-stock")) == {"finished"}


def test_an_order_becomes_one_sales_order_when_it_is_ready(erp: Erp) -> None:
    order = an_order(status="pending")
    assert run("kontorhaus-sales") == {"skipped": 1}
    order.status = "rfs"
    order.save()
    assert run("kontorhaus-sales") == {"finished": 1}
    order.status = "shipped"
    order.save()
    assert read("kontorhaus-sales") == 0
    (made,) = sales_orders(erp)
    assert (made["reference"], made["lines"]) == (
        "4001",
        [{"article": LAMP, "quantity": "2", "net_price": "19.9"}],
    )
    task = RouteTask.objects.latest("pk")
    assert task.result["remote_id"] == made["number"]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("reset_after", {}),
        ("lost_reply", {"seconds": 2}),
        ("truncated", {}),
        ("too_many_requests", {"retry_after": "0"}),
        ("maintenance", {"retry_after": "0"}),
    ],
)
def test_an_order_is_there_once_whatever_becomes_of_the_reply(
    erp: Erp, kind: str, more: dict[str, Any]
) -> None:
    an_order()
    fault = erp.control.add_fault(kind, method="POST", count=1, **more)
    read("kontorhaus-sales")
    work_it_off()
    assert fault.hits == 1
    assert statuses("kontorhaus-sales") == {"finished": 1}
    assert [each["reference"] for each in sales_orders(erp)] == ["4001"]


def test_an_order_that_the_erp_has_already_is_taken_for_done_with_its_number(erp: Erp) -> None:
    line = {"article": LAMP, "quantity": 1, "net_price": 1}
    body = {"reference": "4001", "customer": {"name": "Ann"}, "lines": [line]}
    number = Clerk(erp).post("/api/sales-orders", body).json["number"]
    an_order()
    assert run("kontorhaus-sales") == {"finished": 1}
    assert RouteTask.objects.get().result["remote_id"] == number
    assert len(sales_orders(erp)) == 1


def test_what_the_erp_refuses_waits_with_its_reason(erp: Erp) -> None:
    make_order(
        Account.objects.get(code="QM"), [{"sku": "NO-SUCH", "quantity": Decimal(1), "price": Decimal(1)}]
    )
    assert run("kontorhaus-sales") == {"failed": 1}
    unit = RouteTask.objects.select_related("unit").get().unit
    assert "The sales order can't be entered." in unit.reason


def await_that(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, f"{what} never happened"
        time.sleep(0.05)


def test_a_worker_that_is_killed_in_the_middle_makes_no_second_sales_order(erp: Erp, tmp_path: Path) -> None:
    for number in range(6):
        an_order(f"50{number}")
    read("kontorhaus-sales")
    # The requests reach the ERP, which takes its time; the worker is killed in the meantime.
    slow = erp.control.add_fault("delay", method="POST", count=2, skip=1, seconds=3)
    running = Installation(tmp_path / "log")
    try:
        running.start("worker")
        await_that(lambda: slow.hits, "the request")
    finally:
        running.close()
    await_that(lambda: erp.control.journal.open_now == 0, "the end of the first requests")
    left = WorkUnit.objects.filter(status="processing")
    assert left.exists(), "it was killed in the middle"
    work_until_done()
    assert sorted(each["reference"] for each in sales_orders(erp)) == [f"50{number}" for number in range(6)]


def work_until_done() -> None:
    """As the next worker does once the leases of the dead one are over."""

    def is_done() -> bool:
        work_it_off()
        return set(statuses("kontorhaus-sales")) == {"finished"}

    await_that(is_done, "the end")


def test_its_stored_tests_pass(erp: Erp) -> None:
    assert [run_test(each).passed for each in StoredTest.objects.all()] == [True]
