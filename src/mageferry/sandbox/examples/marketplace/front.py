"""Quayside Market's API: `/oauth/token` and `/v2/orders`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlencode

import orjson

from mageferry.sandbox.examples.calls import Call, Refused, Reply, Routes
from mageferry.sandbox.examples.marketplace import fulfilment
from mageferry.sandbox.examples.marketplace.book import ANSWERS, Book, Record
from mageferry.sandbox.examples.marketplace.limit import Limit
from mageferry.sandbox.examples.marketplace.sign_in import SignIn
from mageferry.sandbox.messages import Request, Response
from mageferry.sandbox.php import Value

_MOST = 100
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LONGEST_KEY = 255


class MarketFront:
    """One request in, one answer out."""

    def __init__(self, book: Book, sign_in: SignIn, limit: Limit) -> None:
        self._book = book
        self._sign_in = sign_in
        self._limit = limit
        self._routes = Routes(
            [
                ("POST", "/oauth/token", sign_in.issue),
                ("GET", "/v2/orders", self._list),
                ("GET", "/v2/orders/{}", lambda call: Reply(200, self._order(call))),
                ("GET", "/v2/orders/{}/shipments", lambda call: self._news(call, "shipment")),
                ("POST", "/v2/orders/{}/shipments", lambda call: self._tell(call, fulfilment.ship)),
                ("GET", "/v2/orders/{}/refunds", lambda call: self._news(call, "refund")),
                ("POST", "/v2/orders/{}/refunds", lambda call: self._tell(call, fulfilment.refund)),
            ]
        )

    def answer(self, request: Request) -> Response:
        try:
            handler, call = self._routes.find(request)
            if handler != self._sign_in.issue:
                self._limit.check()
                self._sign_in.check(call)
            with self._book.database.transaction():
                return handler(call).response()
        except Refused as refused:
            error = {"code": refused.code, "message": refused.message, **refused.more}
            return Reply(refused.status, {"error": error}, headers=refused.headers).response()

    def _list(self, call: Call) -> Reply:
        """A page of orders in the order in which they changed; `links.next` leads on, null at the end."""
        limit = call.number("limit", 50, _MOST)
        since = call.query.get("updated_after", "")
        if since and not _MOMENT.fullmatch(since):
            raise Refused(400, "bad_parameter", "updated_after must be such as 2026-11-20T08:00:00Z.")
        updated_at, key = _read_cursor(call.query["cursor"]) if "cursor" in call.query else (since, 0)
        found = self._book.orders_from(updated_at, key, limit + 1)
        page = found[:limit]
        following = None
        if len(found) > limit:
            last_key, last = page[-1]
            query = {"limit": str(limit), "cursor": _cursor(str(last["updated_at"]), last_key)}
            following = f"{call.request.base_url}/v2/orders?{urlencode(query)}"
        return Reply(200, {"orders": [order for _, order in page], "links": {"next": following}})

    def _order(self, call: Call) -> Record:
        order = self._book.order(call.parts[0])
        if order is None:
            raise Refused(404, "not_found", f"There is no order {call.parts[0]}.")
        return order

    def _news(self, call: Call, kind: str) -> Reply:
        order = self._order(call)
        return Reply(200, {f"{kind}s": self._book.news(kind, order["id"])})

    def _tell(self, call: Call, write: Callable[[Book, Record, Record], Record]) -> Reply:
        """A write that is done once for each idempotency key; asked again it is answered as the first time."""
        key = call.header("idempotency-key").strip()
        if not key or len(key) > _LONGEST_KEY:
            raise Refused(
                400, "idempotency_key_required", "Send an Idempotency-Key of your own with each write."
            )
        name, digest = f"{call.request.path} {key}", sha256(call.request.body).hexdigest()
        known = self._book.database.rows("SELECT digest, body FROM market_answer WHERE name = ?", (name,))
        if known and known[0][0] != digest:
            raise Refused(
                422, "idempotency_key_reused", "This Idempotency-Key came with another body before."
            )
        if known:
            return Reply(201, orjson.loads(str(known[0][1])), headers={"Idempotent-Replayed": "true"})
        made = write(self._book, self._order(call), call.body)
        values: dict[str, Value] = {
            "key": self._book.database.next_id("answer"),
            "name": name,
            "digest": digest,
        }
        self._book.database.save(ANSWERS, values, orjson.dumps(made).decode())
        return Reply(201, made)


def _cursor(updated_at: str, key: int) -> str:
    return base64.urlsafe_b64encode(f"{updated_at}|{key}".encode()).decode()


def _read_cursor(text: str) -> tuple[str, int]:
    try:
        updated_at, _, key = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        return updated_at, int(key)
    except (binascii.Error, ValueError):
        raise Refused(400, "bad_parameter", "cursor is none of ours: follow links.next as it is.") from None
