"""A sandbox shop per test, and a small client that knows nothing of the product's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from mageferry.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Plain HTTP, signed in as the shop's admin unless told otherwise."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.token = self.sign_in(sandbox.username, sandbox.password).json

    def sign_in(self, username: str, password: str) -> Reply:
        sent = {"username": username, "password": password}
        return self.send("POST", "/rest/V1/integration/admin/token", sent, token="")

    def get(self, target: str, **headers: str) -> Reply:
        return self.send("GET", target, headers=headers)

    def post(self, target: str, body: object = None) -> Reply:
        return self.send("POST", target, body)

    def put(self, target: str, body: object = None) -> Reply:
        return self.send("PUT", target, body)

    def list(self, path: str, *filters: tuple[str, str, str], **criteria: str) -> Reply:
        """A list: filters as (field, value, condition), each a group of its own."""
        return self.get(f"{path}?{criteria_query(*filters, **criteria)}")

    def send(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        sent = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        given = {"Accept": "application/json", "Content-Type": "application/json"}
        bearer = self.token if token is None else token
        if bearer:
            given["Authorization"] = f"Bearer {bearer}"
        given |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        parts = urlsplit(self.sandbox.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request(method, target, sent, given)
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


def criteria_query(*filters: tuple[str, str, str], **criteria: str) -> str:
    query: dict[str, str] = {}
    for index, (field, value, condition) in enumerate(filters):
        name = f"searchCriteria[filterGroups][{index}][filters][0]"
        query |= {f"{name}[field]": field, f"{name}[value]": value, f"{name}[conditionType]": condition}
    fields = criteria.pop("fields", "")
    query |= {f"searchCriteria[{name}]": value for name, value in criteria.items()}
    if not query:
        query["searchCriteria"] = ""
    return urlencode({**query, "fields": fields} if fields else query)


@pytest.fixture
def storefront() -> Iterator[Sandbox]:
    with Sandbox("storefront") as sandbox:
        yield sandbox


@pytest.fixture
def shop(storefront: Sandbox) -> Client:
    return Client(storefront)


@pytest.fixture
def back_office() -> Iterator[Client]:
    with Sandbox("back-office") as sandbox:
        yield Client(sandbox)
