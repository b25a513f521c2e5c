"""Plain HTTP against an example system; it knows nothing of the product's own clients."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from mageferry.sandbox.examples import Erp, Marketplace


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(url: str, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
    """One request on a connection of its own; `_` in a header's name stands for `-`."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, given)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, named, response.read())
    finally:
        connection.close()


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Seller:
    """A seller's program at the marketplace, signed in."""

    def __init__(self, market: Marketplace) -> None:
        self.market = market
        self.token = self.sign_in().json["access_token"]

    def sign_in(self, secret: str = "", **form: str) -> Reply:
        sent = {"grant_type": "client_credentials", **form}
        client = basic(self.market.client_id, secret or self.market.client_secret)
        return send(self.market.url, "POST", "/oauth/token", urlencode(sent).encode(), Authorization=client)

    def get(self, target: str) -> Reply:
        return send(self.market.url, "GET", target, Authorization=f"Bearer {self.token}")

    def post(self, target: str, body: object, key: str) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        return send(self.market.url, "POST", target, json.dumps(body).encode(), **headers)

    def switch(self, target: str, body: object) -> Reply:
        """Use the control plane."""
        return send(self.market.url, "POST", f"/_sandbox/{target}", json.dumps(body).encode())


class Clerk:
    """A program at the ERP."""

    def __init__(self, erp: Erp) -> None:
        self.erp = erp
        self.account = basic(erp.username, erp.password)

    def get(self, target: str) -> Reply:
        return send(self.erp.url, "GET", target, Authorization=self.account)

    def post(self, target: str, body: object) -> Reply:
        return send(self.erp.url, "POST", target, json.dumps(body).encode(), Authorization=self.account)

    def switch(self, target: str, body: object) -> Reply:
        """Use the control plane."""
        return send(self.erp.url, "POST", f"/_sandbox/{target}", json.dumps(body).encode())
