"""Kontorhaus' API under `/api`: stock, products, sales orders."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from mageferry.sandbox.examples.calls import Call, Refused, Reply, Routes
from mageferry.sandbox.examples.erp.ledger import PRODUCTS, STOCK, Ledger, Record
from mageferry.sandbox.examples.erp.lists import products_as_csv, products_as_xml
from mageferry.sandbox.messages import XML, Request, Response

CSV = "text/csv; charset=utf-8; header=present"
_MOST = 200
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LONGEST = 60


class ErpFront:
    """One request in, one answer out."""

    def __init__(self, ledger: Ledger, username: str, password: str) -> None:
        self._ledger = ledger
        self._account = f"{username}:{password}".encode()
        self._routes = Routes(
            [
                ("GET", "/api/stock", self._stock),
                ("GET", "/api/products", self._products),
                ("GET", "/api/sales-orders", self._sales_orders),
                ("POST", "/api/sales-orders", self._add_sales_order),
                ("GET", "/api/sales-orders/{}", self._sales_order),
            ]
        )

    def answer(self, request: Request) -> Response:
        try:
            self._check(request)
            handler, call = self._routes.find(request)
            with self._ledger.database.transaction():
                return handler(call).response()
        except Refused as refused:
            value = {"error": refused.message, **refused.more}
            return Reply(refused.status, value, headers=refused.headers).response()

    def _check(self, request: Request) -> None:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        try:
            sent = base64.b64decode(text, validate=True)
        except binascii.Error:
            sent = b""
        if scheme.lower() != "basic" or not hmac.compare_digest(sent, self._account):
            refused = Refused(401, "unauthorised", "Sign in with user name and password.")
            refused.headers = {"WWW-Authenticate": 'Basic realm="Kontorhaus"'}
            raise refused

    def _stock(self, call: Call) -> Reply:
        page, size = _numbered(call)
        rows, total = self._ledger.page(STOCK, _since(call), page, size)
        return Reply(200, {"page": page, "size": size, "total": total, "rows": rows})

    def _products(self, call: Call) -> Reply:
        page, size = _numbered(call)
        rows, total = self._ledger.page(PRODUCTS, _since(call), page, size)
        form = call.query.get("format", "xml")
        headers = {"X-Total-Count": str(total)}
        if form == "csv":
            return Reply(200, products_as_csv(rows), CSV, headers)
        if form != "xml":
            raise Refused(400, "bad_parameter", "format must be xml or csv.")
        return Reply(200, products_as_xml(rows, page, size, total), XML, headers)

    def _sales_orders(self, call: Call) -> Reply:
        page, size = _numbered(call)
        if "reference" in call.query:
            found = self._ledger.sales_order(reference=call.query["reference"])
            rows = [found] if found else []
            return Reply(200, {"page": 1, "size": size, "total": len(rows), "rows": rows})
        rows, total = self._ledger.sales_orders(page, size)
        return Reply(200, {"page": page, "size": size, "total": total, "rows": rows})

    def _sales_order(self, call: Call) -> Reply:
        found = self._ledger.sales_order(number=call.parts[0])
        if found is None:
            raise Refused(404, "not_found", f"There is no sales order {call.parts[0]}.")
        return Reply(200, found)

    def _add_sales_order(self, call: Call) -> Reply:
        """201 with its number; 409 with the number of the one that has this reference."""
        content = self._read_sales_order(call.body)
        known = self._ledger.sales_order(reference=content["reference"])
        if known is not None:
            raise Refused(
                409, "exists", "There is a sales order with this reference.", number=known["number"]
            )
        made = self._ledger.add_sales_order(content)
        return Reply(
            201, {"number": made["number"], "reference": made["reference"], "status": made["status"]}
        )

    def _read_sales_order(self, sent: Record) -> Record:
        problems: list[str] = []
        reference = _text(sent, "reference", problems)
        customer = sent.get("customer")
        if not isinstance(customer, dict) or not customer.get("name"):
            problems.append("customer.name is missing")
        lines = sent.get("lines")
        if not isinstance(lines, list) or not lines:
            problems.append("lines are missing")
            lines = []
        read = [self._read_line(line, place, problems) for place, line in enumerate(lines)]
        if problems:
            raise Refused(422, "invalid", "The sales order can't be entered.", problems=problems)
        return {
            "reference": reference,
            "customer": customer,
            "lines": read,
            "note": str(sent.get("note") or ""),
        }

    def _read_line(self, line: Any, place: int, problems: list[str]) -> Record:
        line = line if isinstance(line, dict) else {}
        article = line.get("article")
        if not isinstance(article, str) or self._ledger.product(article) is None:
            problems.append(f"lines[{place}].article {article!r} is unknown")
        values = {}
        for name in ("quantity", "net_price"):
            try:
                values[name] = Decimal(str(line.get(name)))
            except InvalidOperation:
                values[name] = Decimal("NaN")
            if not values[name].is_finite() or values[name] < 0:
                problems.append(f"lines[{place}].{name} must be a number from 0")
                values[name] = Decimal(0)
        return {"article": article, **{name: str(value) for name, value in values.items()}}


def _text(sent: Record, name: str, problems: list[str]) -> str:
    value = sent.get(name)
    if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST:
        return value.strip()
    problems.append(f"{name} must be a text of 1 to {_LONGEST} characters")
    return ""


def _numbered(call: Call) -> tuple[int, int]:
    return call.number("page", 1, 1_000_000), call.number("size", 50, _MOST)


def _since(call: Call) -> str:
    since = call.query.get("changed_since", "")
    if since and not _MOMENT.fullmatch(since):
        raise Refused(400, "bad_parameter", "changed_since must be such as 2026-11-20T08:00:00Z.")
    return since
