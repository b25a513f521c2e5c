"""The examples of writing to other systems and of transformers run as they stand, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from mageferry.http import HttpClient, HttpConfig
from mageferry.http.plugins.base_uri import BaseUri
from tests.docs.test_examples import EXAMPLE
from tests.http.local_server import LocalServer, Say, Seen, serving

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def answer(seen: Seen) -> Say:
    """A system with orders, customers and stock; it recognises the idempotency keys it has seen."""
    if seen.method == "GET":
        return Say(200, {"items": [{"id": 41, "number": seen.query["number"]}]})
    if seen.path == "/stock":
        items = orjson.loads(seen.body)["items"]
        unknown = {"sku": items[1]["sku"], "error": "unknown SKU"}
        return Say(200, {"results": [{"sku": items[0]["sku"]}, unknown]})
    return Say(201, {"id": 7 if seen.headers["idempotency-key"] else 41})


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving(answer) as serving_here:
        yield serving_here


def ran(page: str, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the examples of a page print, a line each."""
    with HttpClient(HttpConfig(plugins=(BaseUri(server.url),))) as client:
        names: dict[str, Any] = {"client": client}
        for number, code in enumerate(EXAMPLE.findall((HOW_TO / page).read_text(encoding="utf-8")), 1):
            exec(compile(code, f"{page} {number}", "exec"), names)
    return capsys.readouterr().out.splitlines()


def test_the_page_on_writing_to_other_systems(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran("outgoing.md", server, capsys) == [
        "done 41",
        "done True",
        "A/1 done ",
        "B refused The server answered 200: unknown SKU",
        "done 7",
        "done ['order', 'lines', 'lines']",
    ]
    first = orjson.loads(server.seen[0].body)
    assert first == {
        "number": "W-1001",
        "lines": [{"sku": "A/1", "quantity": 2}, {"sku": "B", "quantity": 1}],
    }
    assert [seen.target for seen in server.seen[-2:]] == ["/orders/7/lines"] * 2


def test_the_page_on_transformers(server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
    printed = ran("transformers.md", server, capsys)
    assert printed == [
        "[{'id': 1, 'status': 'processing', 'carrier': 'DHL', 'date': '2026-12-24T00:00:00Z', 'total': 12.35, "
        "'reference': 'order 1 of eu'}]",
        "(2,) transformers[2].table The table has nothing for 'pigeon'",
        "[{'sku': 'A', 'orders': [1, 2]}]",
        "[{'code': 'dhl', 'name': 'DHL Paket'}]",
        "carriers: failed",
        '  $[0].name: expected "DHL", is "DHL Paket"',
        "[{'a': 'X'}]",
    ]
