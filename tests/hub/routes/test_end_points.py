"""Files, storages and the hub itself, as incomings and as outgoings."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from mageferry.hub.routes import files
from mageferry.hub.routes.models import Route, RouteTask, Storage, StorageEntry
from mageferry.hub.routes.operations import NotNow, remove_route
from mageferry.hub.routes.runner import route_named, run_route
from mageferry.hub.routes.storages import get_value, put_value
from mageferry.hub.trade.models import Location, LocationQuantity, Product
from mageferry.hub.work.models import RunStatus
from tests.hub.pipelines.builders import make_client
from tests.hub.routes.builders import (
    SEND_ORDER,
    make_incoming,
    make_outgoing,
    make_route,
    order,
    statuses,
    task,
    work,
    work_again,
)
from tests.hub.routes.erp import Erp

FILES: dict[str, Any] = {
    "directory": "orders",
    "pattern": "*.csv",
    "settle_seconds": 0,
    "entities": {"identifier": ["number"]},
}


@pytest.fixture
def drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "drop_root", lambda: tmp_path)
    folder = tmp_path / "orders"
    folder.mkdir()
    return folder


def file_route(erp: Erp) -> Route:
    incoming = make_incoming(None, FILES, type="file")
    outgoing = make_outgoing(make_client(erp.url), SEND_ORDER)
    Route.objects.create(name="Orders", code="orders", incoming=incoming, outgoing=outgoing)
    return route_named("orders")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_dropped_file_becomes_tasks_and_moves_to_done(erp: Erp, drop: Path) -> None:
    (drop / "monday.csv").write_text("number,total\nW-1,5\nW-2,6\n")
    (drop / "readme.txt").write_text("not this one")
    run = run_route(file_route(erp))
    assert (run.row.status, run.created) == (RunStatus.FINISHED, 2)
    assert names(drop) == [".claimed", "done", "failed", "readme.txt"]
    assert names(drop / "done") == ["monday.csv"]
    work()
    assert [sale["total"] for sale in erp.made["/sales"]] == ["5", "6"]


def test_a_file_that_cannot_be_read_is_put_aside_with_the_reason_next_to_it(erp: Erp, drop: Path) -> None:
    (drop / "bad.csv").write_bytes(b"number,total\n\xff\xff\xff,5\n")
    (drop / "good.csv").write_text("number,total\nW-1,5\n")
    run = run_route(file_route(erp))
    assert (run.row.status, run.failed) == (RunStatus.PARTLY, 1)
    assert names(drop / "failed") == ["bad.csv", "bad.csv.reason.txt"]
    assert "Line 2: A byte is no utf-8" in (drop / "failed" / "bad.csv.reason.txt").read_text()
    assert statuses() == {"W-1": "new"}


LINES = {**FILES, "items": {"together": "order_no"}, "entities": {"identifier": ["number"]}}
AS_ORDER = [
    {"type": "set", "target": "number", "value": "&{key}"},
    {"type": "set", "target": "total", "value": "&{sum(rows[].to_number(amount))}"},
]


def test_rows_of_a_file_that_belong_to_one_order_are_one_task(erp: Erp, drop: Path) -> None:
    (drop / "monday.csv").write_text("order_no,amount\nW-1,5\nW-1,2.5\nW-2,6\nW-2,6,6\nW-3,1\nW-4,4\n")
    incoming = make_incoming(None, LINES, type="file", transformers=AS_ORDER)
    outgoing = make_outgoing(make_client(erp.url), SEND_ORDER)
    Route.objects.create(name="Orders", code="orders", incoming=incoming, outgoing=outgoing)
    run = run_route(route_named("orders"))
    work()
    assert [(sale["number"], sale["total"]) for sale in erp.made["/sales"]] == [("W-1", 7.5), ("W-4", 4.0)]
    assert "The row has 3 fields" in (drop / "failed" / "monday.csv.reason.txt").read_text()
    parts = RouteTask.objects.filter(unit__status="failed").order_by("pk")
    assert [each.entity["key"] for each in parts] == ["W-2", "W-3"]
    assert all("A row next to it can't be used" in each.unit.reason for each in parts)
    assert run.failed == 3


def test_a_file_whose_reader_died_behind_its_tasks_is_not_taken_twice(
    erp: Erp, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drop / "monday.csv").write_text("number,total\nW-1,5\n")
    Route.objects.filter(pk=file_route(erp).pk).update(changes="always")
    route = route_named("orders")

    def die(self: files.FileSource, portion: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files.FileSource, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            run_route(route)
    work()
    run_route(route)
    work()
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-1"]
    assert names(drop / "done") == ["monday.csv"]
    (drop / "monday.csv").write_text("number,total\nW-1,5\n")
    run_route(route)
    work()
    assert len(erp.made["/sales"]) == 2, "dropped anew it is another file"


def test_a_file_whose_reader_died_is_read_by_the_next_run_and_makes_no_task_twice(
    erp: Erp, drop: Path
) -> None:
    (drop / "monday.csv").write_text("number,total\nW-1,5\n")
    route = file_route(erp)
    run_route(route)
    (drop / "done" / "monday.csv").rename(drop / ".claimed" / "monday.csv")
    assert run_route(route).created == 0
    assert names(drop / "done") == ["monday.csv"]


def test_links_and_directories_outside_are_not_read(erp: Erp, drop: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("number,total\nW-9,5\n")
    os.symlink(secret, drop / "link.csv")
    assert run_route(file_route(erp)).read == 0


def storage_route(erp: Erp, **settings: Any) -> tuple[Route, Storage]:
    storage = Storage.objects.create(name="Totals", code="totals")
    sends = {"key": "&{number}", "value": {"total": "&{total}"}, **settings}
    incoming = make_incoming(make_client(erp.url), {**ERP_ORDERS})
    outgoing = make_outgoing(None, sends, type="storage", storage=storage)
    Route.objects.create(name="Orders", code="orders", incoming=incoming, outgoing=outgoing)
    return route_named("orders"), storage


ERP_ORDERS: dict[str, Any] = {
    "request": {"path": "/orders"},
    "items": {"pattern": "orders"},
    "entities": {"identifier": ["number"]},
}


def test_entities_are_stored_and_removed_as_the_settings_say(erp: Erp) -> None:
    route, storage = storage_route(erp, remove_when="total == `0`", lifetime_seconds=60)
    erp.orders = [order(1)]
    run_route(route)
    work()
    assert get_value(storage, "W-1") == {"total": 11}
    erp.orders = [order(1, total=0)]
    run_route(route)
    work()
    assert get_value(storage, "W-1") is None


def test_expired_entries_are_absent(erp: Erp) -> None:
    _, storage = storage_route(erp)
    put_value(storage, "W-1", {"total": 1}, lifetime_seconds=60)
    StorageEntry.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert get_value(storage, "W-1") is None


def test_the_entries_of_a_storage_are_sent_when_they_change(erp: Erp) -> None:
    storage = Storage.objects.create(name="Totals", code="totals")
    incoming = make_incoming(None, {"key_target": "number"}, type="storage", storage=storage)
    outgoing = make_outgoing(make_client(erp.url), SEND_ORDER)
    Route.objects.create(name="Orders", code="orders", incoming=incoming, outgoing=outgoing)
    put_value(storage, "W-1", {"total": 1})
    put_value(storage, "W-2", {"total": 2})
    for expected in (2, 0):
        assert run_route(route_named("orders")).created == expected
        work()
    put_value(storage, "W-2", {"total": 3})
    assert run_route(route_named("orders")).created == 1
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-1", "W-2"]


def hub_route(erp: Erp, kind: str) -> Route:
    incoming = make_incoming(make_client(erp.url), {**ERP_ORDERS, "entities": {"identifier": ["sku"]}})
    outgoing = make_outgoing(None, {"entity": kind}, type="hub")
    Route.objects.create(name="Goods", code="goods", incoming=incoming, outgoing=outgoing)
    return route_named("goods")


def test_entities_become_rows_of_the_hub(erp: Erp) -> None:
    erp.orders = [{"sku": "MUG", "name": "Mug", "price": 4.5}]
    run_route(hub_route(erp, "product"))
    work()
    assert Product.objects.get().name == "Mug"
    assert task("MUG").result["outcome"] == "created"
    assert task("MUG").result["id"] == Product.objects.get().pk


def test_what_the_hub_refuses_is_parked_with_its_reason(erp: Erp) -> None:
    erp.orders = [{"sku": "MUG", "price": "much"}]
    run_route(hub_route(erp, "product"))
    work()
    assert task("MUG").unit.status == "failed"
    assert "price" in task("MUG").unit.reason


def test_stock_of_a_product_that_comes_later_waits_for_it(erp: Erp) -> None:
    Location.objects.create(name="Main", code="main")
    erp.orders = [{"sku": "MUG", "location": "main", "quantity": 4}]
    run_route(hub_route(erp, "stock"))
    work()
    assert task("MUG").unit.status == "retry"
    Product.objects.create(sku="MUG", name="Mug")
    work_again()
    assert LocationQuantity.objects.get().quantity == 4


def test_what_changes_in_the_hub_is_sent_once_for_each_change(erp: Erp) -> None:
    incoming = make_incoming(None, {"entity": "product"}, type="hub")
    sends = {"request": {"path": "/products", "body": {"sku": "&{sku}", "name": "&{name}"}}}
    outgoing = make_outgoing(make_client(erp.url), sends)
    Route.objects.create(name="Goods", code="goods", incoming=incoming, outgoing=outgoing)
    product = Product.objects.create(sku="MUG", name="Mug")
    for expected in (1, 0):
        assert run_route(route_named("goods")).created == expected
        work()
    product.name = "Big mug"
    product.save()
    run_route(route_named("goods"))
    product.save()
    assert run_route(route_named("goods")).created == 0, "only its moment is another one"
    work()
    assert [each["name"] for each in erp.made["/products"]] == ["Mug", "Big mug"]


def test_a_route_with_tasks_to_do_is_not_removed(erp: Erp) -> None:
    erp.orders = [order(1)]
    route = make_route(erp.url)
    run_route(route)
    with pytest.raises(NotNow, match="1 tasks of Orders wait"):
        remove_route(route)
    work()
    remove_route(route)
    assert Route.objects.count() == 0


@pytest.mark.parametrize(("name", "rounds"), [("&{name}", [1, 0, 0]), ("&{name}!", [1, 1, 1])])
def test_a_circle_ends_or_goes_round_once_with_each_run(
    transactional_db: None, name: str, rounds: list[int]
) -> None:
    incoming = make_incoming(None, {"entity": "product"}, type="hub")
    outgoing = make_outgoing(None, {"entity": "product"}, type="hub")
    Route.objects.create(
        name="Circle", code="circle", incoming=incoming, outgoing=outgoing,
        transformers=[{"type": "set", "target": "@", "value": {"sku": "&{sku}", "name": name}}],
    )  # fmt: skip
    Product.objects.create(sku="MUG", name="Mug")
    made = []
    for _ in rounds:
        made.append(run_route(route_named("circle")).created)
        work()
    assert made == rounds
