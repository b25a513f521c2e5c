"""Every recorded answer thrown at the client library and the hub's readers: whatever a shop says, they return
something or raise an error of their own with a readable text and a remedy.

Each body is also cut in half, as by a connection that broke behind a proxy.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import orjson

from conformance.recordings import Answer, Exchange, Recording, SentRequest, read_alone, read_timeline
from mageferry.http import Headers, Request, Response
from mageferry.magento import BearerToken, Magento, MagentoError, SearchCriteria, normalise
from mageferry.magento.handshake import explain
from mageferry.magento.verbs import Resource

ANY_PAGE = SearchCriteria().page_size(5)
LONGEST_MESSAGE = 4000
OPEN_PLACEHOLDER = "an open placeholder"
_MARKUP = re.compile(r"<(!doctype|html|head|body|script|/?p>|h1)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%(\d+|fieldName|fieldValue|field|value|resources|type|max)\b")
STATUS_MAP: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the client did wrong with one answer."""

    title: str
    what: str


def sweep(directory: Path) -> tuple[int, list[Complaint]]:
    """How many answers were thrown, and what went wrong. Raises DataError."""
    recordings = [*read_timeline(directory), *read_alone(directory)]
    read_order, unusable = order_reader()
    complaints: list[Complaint] = []
    count = 0
    for recording, exchange, answer in _answers(recordings):
        count += 1
        for what in check_answer(exchange.request, answer):
            complaints.append(Complaint(recording.title, what))
        for order in orders_in(answer.body):
            try:
                read_order(order, STATUS_MAP)
            except unusable as error:
                if not str(error):
                    complaints.append(Complaint(recording.title, "an unusable order without a reason"))
            except Exception as error:
                complaints.append(Complaint(recording.title, f"reading an order: {error!r}"))
    return count, complaints


def order_reader() -> tuple[Callable[[Any, Mapping[str, str]], object], type[Exception]]:
    """The hub's reader of orders, which lives in a Django project: it is set up with a home that is thrown away."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
        os.environ.setdefault("MAGEFERRY_HOME", home)
        import django

        django.setup()
    from mageferry.hub.mapping.fields import UnusableRecord
    from mageferry.hub.mapping.order_in import read_order

    return read_order, UnusableRecord


def _answers(recordings: list[Recording]) -> Iterator[tuple[Recording, Exchange, Answer]]:
    for recording in recordings:
        for exchange in recording.exchanges:
            if exchange.answer is not None:
                yield recording, exchange, exchange.answer


def check_answer(request: SentRequest, answer: Answer) -> Iterator[str]:
    """What is wrong with how the client takes this answer, whole and cut in half."""
    body = answer.body.encode()
    for content, whole in ((body, True), (body[: len(body) // 2], False)):
        found = [
            *_check_text(answer, content),
            *_check_calls(request, answer, content),
            *_check_handshake(request, answer, content),
        ]
        # Half a JSON object is shown as it came, placeholders and all.
        yield from (what for what in found if whole or OPEN_PLACEHOLDER not in what)


def _check_text(answer: Answer, content: bytes) -> Iterator[str]:
    try:
        found = normalise(answer.status, answer.content_type, content)
    except Exception as error:
        yield f"normalising: {error!r}"
        return
    if answer.status >= 300:
        yield from complaints_about(found.message)


def complaints_about(message: str) -> Iterator[str]:
    """What a person could not read in an error's text."""
    if not message.strip() or len(message) > LONGEST_MESSAGE:
        yield f"a text of {len(message)} characters"
    if _MARKUP.search(message):
        yield f"markup in the text: {message[:200]}"
    if _PLACEHOLDER.search(message):
        yield f"{OPEN_PLACEHOLDER} in the text: {message[:200]}"


def _check_calls(request: SentRequest, answer: Answer, content: bytes) -> Iterator[str]:
    """The request's own call, and every kind of call that reads a list or a record."""
    headers = {"content-type": answer.content_type}
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(answer.status, headers=headers, content=content)
    )
    with Magento("http://shop.example", BearerToken("t" * 32), transport=transport, retry=None) as shop:
        for name, call in _calls(shop, request):
            try:
                call()
            except MagentoError as error:
                if not error.remedy:
                    yield f"{name}: {type(error).__name__} without a remedy: {error.message[:200]}"
                if answer.status >= 300:
                    yield from (f"{name}: {what}" for what in complaints_about(error.message))
            except Exception as error:
                yield f"{name}: {error!r}"


def _calls(shop: Magento, request: SentRequest) -> Iterator[tuple[str, Callable[[], object]]]:
    body = {"any": 1}
    own: dict[str, Callable[[], object]] = {
        "GET": lambda: shop.get("/V1/any"),
        "POST": lambda: shop.post("/V1/any", body),
        "PUT": lambda: shop.put("/V1/any", body),
        "DELETE": lambda: shop.delete("/V1/any"),
    }
    yield request.method, own.get(request.method, own["GET"])
    for name in (
        "orders",
        "order_items",
        "invoices",
        "shipments",
        "credit_memos",
        "products",
        "source_items",
    ):
        resource: Resource[Any] = getattr(shop, name)
        if name != "source_items":  # which have no id
            yield f"{name}.get", partial(resource.get, 1)
        yield f"{name}.search", partial(resource.search, ANY_PAGE)
        yield f"{name}.count", resource.count
        yield f"{name}.pages", partial(_first_page, resource)
    yield "orders.create", lambda: shop.orders.create(body)
    yield "store_views", shop.store_views
    yield "websites", shop.websites


def _first_page(resource: Resource[Any]) -> object:
    return next(resource.pages(), None)


def _check_handshake(request: SentRequest, answer: Answer, content: bytes) -> Iterator[str]:
    if "/oauth/" not in request.target or answer.status < 300:
        return
    sent = Request(request.method, f"http://shop.example{request.target}")
    response = Response(answer.status, Headers({"content-type": answer.content_type}), content)
    error = explain(sent, response)
    if not error.remedy:
        yield f"handshake: no remedy for {error.message[:200]}"
    yield from (f"handshake: {what}" for what in complaints_about(error.message))


def orders_in(body: str) -> Iterator[dict[str, Any]]:
    """The orders that an answer holds, alone or in a list."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    rows: Any = found if isinstance(found, list) else [found]
    if isinstance(found, dict) and "increment_id" not in found:
        rows = found.get("items")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and "increment_id" in row and "items" in row:
            yield row
