"""Quayside Market as a server, with what can be switched at it.

Beside the common actions of the control plane (see plane):

POST /_sandbox/orders               {"count": 3, "seed": 1, "state": "ready_to_ship"} -> {"ids": [..]}
POST /_sandbox/orders/{id}/state    {"state": "cancelled"}; moves updated_at
POST /_sandbox/tokens/revoke        no token is good any more
POST /_sandbox/token-seconds        {"seconds": 5}: how long new tokens are good
POST /_sandbox/limit                {"requests": 10, "seconds": 1}; {"requests": null} for none
"""

from __future__ import annotations

import secrets
from pathlib import Path

from mageferry.sandbox.examples.marketplace.book import STATES, Book, Record
from mageferry.sandbox.examples.marketplace.front import MarketFront
from mageferry.sandbox.examples.marketplace.limit import Limit
from mageferry.sandbox.examples.marketplace.sign_in import TOKEN_SECONDS, SignIn
from mageferry.sandbox.examples.systems import ExampleSystem, SystemControl
from mageferry.sandbox.plane import Actions, Body, number, text


class MarketControl(SystemControl[Book]):
    """The switchboard of the marketplace."""

    what = "Quayside Market, an example marketplace: for tests and demonstrations only"

    def __init__(self, book: Book, sign_in: SignIn, limit: Limit) -> None:
        super().__init__(book)
        self._sign_in = sign_in
        self._limit = limit

    def add_orders(self, count: int, *, seed: int = 0, state: str = "ready_to_ship") -> list[str]:
        """Place orders as buyers do, dated now. Their ids. Raises ValueError."""
        if not 0 < count <= 100_000:
            raise ValueError("count is from 1 to 100000")
        with self.lock:
            return self.state.place(count, seed=seed, state=state)

    def set_state(self, order_id: str, state: str) -> Record:
        """Let the marketplace itself move an order on. Raises ValueError."""
        with self.lock:
            order = self.state.order(order_id)
            if order is None or state not in STATES:
                raise ValueError(f"unknown order {order_id!r} or state {state!r}")
            order["state"] = state
            self.state.change(order)
            return order

    def revoke_tokens(self) -> None:
        with self.lock:
            self._sign_in.revoke()

    def set_token_seconds(self, seconds: int) -> None:
        """How long tokens that are given out from now on are good. Raises ValueError."""
        if seconds < 1:
            raise ValueError("a token is good for at least a second")
        with self.lock:
            self._sign_in.token_seconds = seconds

    def set_limit(self, requests: int | None, seconds: float = 1.0) -> None:
        """How often may be asked. Raises ValueError."""
        with self.lock:
            self._limit.set(requests, seconds)

    def reset(self) -> None:
        with self.lock:
            super().reset()
            self._limit.set(None, 1.0)
            self._sign_in.token_seconds = TOKEN_SECONDS

    def describe(self) -> dict[str, object]:
        with self.lock:
            limits = {"limit": self._limit.describe(), "token_seconds": self._sign_in.token_seconds}
            return {**super().describe(), **self.state.count(), **limits}


class Marketplace(ExampleSystem[MarketControl]):
    """Quayside Market. ``state`` is a SQLite file that keeps it over restarts (None: memory); ``client_secret`` is made
    when empty.

        with Marketplace() as market:
            requests.post(f"{market.url}/oauth/token", ...)
    """

    def __init__(
        self, *, state: Path | None = None, host: str = "127.0.0.1", port: int = 0, client_id: str = "seller",
        client_secret: str = "",
    ) -> None:  # fmt: skip
        self.client_id = client_id
        self.client_secret = client_secret or secrets.token_urlsafe(18)
        book, limit = Book(state), Limit()
        sign_in = SignIn(book, self.client_id, self.client_secret)
        control = MarketControl(book, sign_in, limit)
        super().__init__(control, MarketFront(book, sign_in, limit), ACTIONS, host, port)


def _add_orders(control: MarketControl, _key: str, body: Body, _query: Body) -> object:
    count, seed = number(body, "count", 1), number(body, "seed", 0)
    return {"ids": control.add_orders(count, seed=seed, state=text(body, "state", "ready_to_ship"))}


def _set_state(control: MarketControl, key: str, body: Body, _query: Body) -> object:
    order = control.set_state(key, text(body, "state"))
    return {"id": order["id"], "state": order["state"], "updated_at": order["updated_at"]}


def _revoke(control: MarketControl, _key: str, _body: Body, _query: Body) -> object:
    control.revoke_tokens()
    return {}


def _set_token_seconds(control: MarketControl, _key: str, body: Body, _query: Body) -> object:
    control.set_token_seconds(number(body, "seconds"))
    return {}


def _set_limit(control: MarketControl, _key: str, body: Body, _query: Body) -> object:
    requests = None if body.get("requests") is None else number(body, "requests")
    control.set_limit(requests, number(body, "seconds", 1))
    return {}


ACTIONS: Actions[MarketControl] = {
    ("POST", "orders"): _add_orders,
    ("POST", "orders", "*", "state"): _set_state,
    ("POST", "tokens", "*"): _revoke,
    ("POST", "token-seconds"): _set_token_seconds,
    ("POST", "limit"): _set_limit,
}
