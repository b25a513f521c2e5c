"""Whatever is sent, the shop answers as Magento would: JSON with a message, or one of its pages; it never falls
over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mageferry.sandbox.access import ADMIN, Identity
from mageferry.sandbox.demo import load_demo
from mageferry.sandbox.front import FrontController
from mageferry.sandbox.messages import Request, Response
from mageferry.sandbox.routes import build_router
from mageferry.sandbox.shop import Shop

CONDITIONS = (
    *(
        "eq",
        "neq",
        "gt",
        "lt",
        "gteq",
        "lteq",
        "moreq",
        "in",
        "nin",
        "like",
        "nlike",
        "null",
        "notnull",
        "finset",
    ),
    *("nfinset", "from", "to", "regexp", "seq", "sneq", "is", "fulltext", "GT", "between"),
)
FIELDS = (
    *("entity_id", "increment_id", "status", "store_id", "created_at", "updated_at", "grand_total"),
    *("ext_order_id", "no_such"),
)
LISTS = (
    "orders",
    "invoices",
    "shipments",
    "creditmemos",
    "products",
    "customers/search",
    "inventory/source-items",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10),
    st.just(10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "0", "1", "abc", "1e3", "2026-13-45", "%", "(", "LF-LAMP", "é😀"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["sku", "qty", "entity_id", "items", "price", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
WRITES = {
    "/rest/V1/orders": (
        "entity",
        ["entity_id", "items", "payment", "grand_total", "store_id", "billing_address"],
    ),
    "/rest/V1/order/1/ship": ("items", ["order_item_id", "qty"]),
    "/rest/V1/order/1/refund": ("arguments", ["shipping_amount", "adjustment_positive"]),
    "/rest/V1/orders/1/comments": ("statusHistory", ["comment", "status", "is_customer_notified"]),
    "/rest/V1/products": ("product", ["sku", "name", "price", "attribute_set_id", "custom_attributes"]),
    "/rest/V1/products/base-prices": ("prices", ["sku", "price", "store_id"]),
    "/rest/V1/inventory/source-items": ("sourceItems", ["sku", "source_code", "quantity", "status"]),
}
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Desk:
    """Asks a shop without a network."""

    def __init__(self, shop: Shop) -> None:
        self._front = FrontController(shop, build_router())
        self._token = shop.access.issue_token(Identity(1, ADMIN), 60)

    def ask(self, method: str, path: str, query: str = "", body: bytes = b"") -> Response:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        return self._front.answer(Request(method, path, query, headers, body, "http://shop.example"))


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Shop.scratch() as shop:
        load_demo(shop, "storefront")
        shop.access.add_account("admin", "any-password-9")
        yield Desk(shop)


def check(answer: Response) -> None:
    assert answer.status in (200, 400, 404, 405, 500)
    if answer.content_type.startswith("application/json"):
        body = json.loads(answer.body)
        assert answer.status == 200 or body["message"]
    else:
        assert answer.status == 500


@QUIET
@given(
    name=st.sampled_from(LISTS),
    field=st.sampled_from(FIELDS),
    condition=st.sampled_from(CONDITIONS),
    value=st.one_of(
        st.text(max_size=8), st.sampled_from(["1", "1,2", "-1", "9" * 25, "%0%", "null", "2026-11-22"])
    ),
    extra=st.dictionaries(
        st.sampled_from(
            ["pageSize", "currentPage", "sortOrders][0][field", "sortOrders][0][direction", "bogus"]
        ),
        st.sampled_from(["0", "1", "-1", "3", "abc", "", "entity_id", "ASC", "1.5", "9" * 25]),
        max_size=3,
    ),
    fields=st.sampled_from(["", "items[entity_id],total_count", "items", "items[", "total_count", "x"]),
)
def test_any_list_can_be_asked_anything(
    desk: Desk, name: str, field: str, condition: str, value: str, extra: dict[str, str], fields: str
) -> None:
    group = "searchCriteria[filter_groups][0][filters][0]"
    query = {f"{group}[field]": field, f"{group}[condition_type]": condition, f"{group}[value]": value}
    query |= {f"searchCriteria[{key}]": text for key, text in extra.items()} | {"fields": fields}

    check(desk.ask("GET", f"/rest/V1/{name}", urlencode(query, errors="replace")))


@QUIET
@given(data=st.data(), path=st.sampled_from(sorted(WRITES)))
def test_any_write_can_be_sent_anything(desk: Desk, data: st.DataObject, path: str) -> None:
    wrapper, names = WRITES[path]
    record = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4))
    sent = {wrapper: data.draw(st.sampled_from([record, [record], data.draw(VALUES)]))}

    check(desk.ask("POST", path, body=json.dumps(sent).encode()))


@pytest.mark.parametrize(
    "body", [b"", b"0", b"[]", b'"x"', b"{", b"\xff", b"nul", b"[" * 5000, b'{"a":1e999}']
)
def test_any_bytes_are_refused_or_taken(desk: Desk, body: bytes) -> None:
    for path in WRITES:
        check(desk.ask("POST", path, body=body))
