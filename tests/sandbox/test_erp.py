"""Kontorhaus over HTTP: numbered pages, what changed since, two formats, sales orders once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mageferry.sandbox.examples import Erp
from tests.sandbox.examples_client import Clerk, basic, send

ORDER: dict[str, Any] = {
    "reference": "QM-100001",
    "customer": {"name": "Ada Byrne", "city": "Leipzig"},
    "lines": [{"article": "LF-LAMP", "quantity": 2, "net_price": "32.50"}],
}


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    with Erp() as erp:
        yield Clerk(erp)


def test_only_the_user_is_let_in(clerk: Clerk) -> None:
    for header in ("", "Bearer x", "Basic %%%", basic("hub", "wrong")):
        refused = send(clerk.erp.url, "GET", "/api/stock", Authorization=header)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Basic realm="Kontorhaus"')


def test_stock_comes_in_numbered_pages(clerk: Clerk) -> None:
    first = clerk.get("/api/stock?page=1&size=15").json
    assert (first["page"], first["size"], first["total"]) == (1, 15, 40)
    pages = [clerk.get(f"/api/stock?page={page}&size=15").json["rows"] for page in (1, 2, 3, 4)]
    assert [len(rows) for rows in pages] == [15, 15, 10, 0]
    places = {(row["article"], row["warehouse"]) for rows in pages for row in rows}
    assert len(places) == 40


def test_what_changed_since_is_told_alone(clerk: Clerk) -> None:
    clerk.erp.control.set_clock(datetime(2031, 5, 6, 12, tzinfo=UTC))
    counted = clerk.switch("stock", {"article": "LF-LAMP", "warehouse": "SOUTH", "available": 7})
    assert counted.status == 200
    clerk.switch("products/LF-MUG%2FENAMEL", {"net_price": 9.5, "blocked": True})
    since = "changed_since=2031-05-06T12:00:00Z"
    (stock,) = clerk.get(f"/api/stock?{since}").json["rows"]
    assert stock == counted.json
    (product,) = ElementTree.fromstring(clerk.get(f"/api/products?{since}").body)
    assert (product.get("article"), product.findtext("net_price"), product.findtext("blocked")) == (
        "LF-MUG/ENAMEL", "9.5", "true",
    )  # fmt: skip


def test_products_come_as_xml_or_csv(clerk: Clerk) -> None:
    answer = clerk.get("/api/products?page=2&size=8")
    root = ElementTree.fromstring(answer.body)
    assert (answer.headers["content-type"], root.attrib) == (
        "application/xml; charset=utf-8", {"page": "2", "size": "8", "total": "20"},
    )  # fmt: skip
    listed = clerk.get("/api/products?page=2&size=8&format=csv")
    rows = list(csv.DictReader(io.StringIO(listed.body.decode()), delimiter=";"))
    assert listed.headers["x-total-count"] == "20"
    assert [row["Article"] for row in rows] == [product.get("article") for product in root]
    assert rows[0]["NetPrice"] == f"{float(root[0].findtext('net_price') or 0):.2f}".replace(".", ",")
    assert clerk.get("/api/products?format=pdf").status == 400


def test_a_sales_order_is_entered_once_for_each_reference(clerk: Clerk) -> None:
    made = clerk.post("/api/sales-orders", ORDER)
    assert (made.status, made.json) == (
        201,
        {"number": "SO-50001", "reference": "QM-100001", "status": "open"},
    )
    again = clerk.post("/api/sales-orders", ORDER)
    assert (again.status, again.json["number"]) == (409, "SO-50001")
    assert clerk.post("/api/sales-orders", {**ORDER, "reference": "QM-100002"}).json["number"] == "SO-50002"
    kept = clerk.get("/api/sales-orders/SO-50001").json
    assert (kept["customer"]["name"], kept["lines"][0]["net_price"]) == ("Ada Byrne", "32.50")
    assert clerk.get("/api/sales-orders?reference=QM-100002").json["rows"][0]["number"] == "SO-50002"
    assert clerk.get("/api/sales-orders?size=1&page=2").json["total"] == 2
    assert clerk.get("/api/sales-orders/SO-1").status == 404


def test_what_is_wrong_with_a_sales_order_is_told(clerk: Clerk) -> None:
    lines = [{"article": "GHOST", "quantity": 1, "net_price": 1}, {"article": "LF-LAMP", "quantity": "x"}]
    refused = clerk.post("/api/sales-orders", {"customer": {}, "lines": lines})
    assert refused.status == 422
    assert refused.json["problems"] == [
        "reference must be a text of 1 to 60 characters", "customer.name is missing",
        "lines[0].article 'GHOST' is unknown", "lines[1].quantity must be a number from 0",
        "lines[1].net_price must be a number from 0",
    ]  # fmt: skip
    assert send(clerk.erp.url, "POST", "/api/sales-orders", b"{", Authorization=clerk.account).status == 400
    assert clerk.post("/api/sales-orders", [ORDER]).status == 400


def test_a_lost_answer_leaves_one_sales_order(clerk: Clerk) -> None:
    clerk.erp.control.add_fault("reset_after", count=1, method="POST")
    with pytest.raises(ConnectionError):
        clerk.post("/api/sales-orders", ORDER)
    assert clerk.post("/api/sales-orders", ORDER).status == 409


def test_mistakes_are_refused(clerk: Clerk) -> None:
    for target in ("/api/stock?size=201", "/api/stock?page=0", "/api/stock?changed_since=now"):
        assert clerk.get(target).status == 400, target
    assert clerk.get("/api/customers").status == 404
    assert clerk.post("/api/stock", {}).status == 405
    for target, body in (
        ("stock", {"article": "GHOST", "available": 1}), ("products/GHOST", {}),
        ("products/LF-LAMP", {"colour": "red"}), ("products/LF-LAMP", {"net_price": "12"}),
    ):  # fmt: skip
        assert clerk.switch(target, body).status == 400, target


def test_the_erp_outlives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "erp.sqlite3"
    with Erp(state=state) as erp:
        Clerk(erp).post("/api/sales-orders", ORDER)
    with Erp(state=state) as erp:
        clerk = Clerk(erp)
        assert clerk.post("/api/sales-orders", ORDER).status == 409
        stands = send(erp.url, "GET", "/_sandbox/").json
        assert (stands["products"], stands["stock"], stands["sales_orders"]) == (20, 40, 1)
        clerk.switch("reset", {})
        assert clerk.post("/api/sales-orders", ORDER).json["number"] == "SO-50001"
