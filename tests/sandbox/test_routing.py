"""Paths, methods, path ids and body formats as Magento treats them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

ONE = "orders?searchCriteria[pageSize]=1&fields=total_count"


@pytest.mark.parametrize(
    "path",
    [
        f"/rest/V1/{ONE}",
        f"/rest/all/V1/{ONE}",
        f"/rest/eu_de/V1/{ONE}",
        f"/index.php/rest/V1/{ONE}",
        f"/rest//V1/{ONE}",
        "/rest/V1/orders/?searchCriteria[pageSize]=1&fields=total_count",
    ],
)
def test_spellings_of_the_same_list(shop: Client, path: str) -> None:
    reply = shop.get(path)
    assert (reply.status, reply.json) == (200, {"total_count": 48})


@pytest.mark.parametrize(
    "path", ["/rest/nosuch/V1/orders", "/rest/v1/orders", "/rest/EU_DE/V1/orders", "/rest"]
)
def test_unknown_store_code_or_version_is_400(shop: Client, path: str) -> None:
    reply = shop.get(path)
    assert (reply.status, reply.json) == (400, {"message": "Specified request cannot be processed."})


@pytest.mark.parametrize("path", ["/rest/V1/nosuch", "/rest/V2/orders", "/rest/V1", "/rest/V1/orders//1"])
def test_unknown_route_is_404(shop: Client, path: str) -> None:
    reply = shop.get(path)
    assert (reply.status, reply.json) == (404, {"message": "Request does not match any route."})


def test_method_without_a_route_is_404_and_odd_methods_405(shop: Client) -> None:
    assert shop.send("DELETE", "/rest/V1/orders/1").status == 404
    patched = shop.send("PATCH", "/rest/V1/orders/1", {})
    assert (patched.status, patched.json) == (405, {"message": "The PATCH HTTP method is not supported."})
    head = shop.send("HEAD", "/rest/V1/orders/1")
    assert (head.status, head.body) == (405, b"")


@pytest.mark.parametrize("key", ["1", "000000001", "1.5", "1e0"])
def test_path_ids_are_cast_to_integers(shop: Client, key: str) -> None:
    assert shop.get(f"/rest/V1/orders/{key}?fields=entity_id").json == {"entity_id": 1}


@pytest.mark.parametrize(
    ("key", "status", "message"),
    [
        ("0", 400, "An ID is needed. Set the ID and try again."),
        ("-1", 404, "The entity that was requested doesn't exist. Verify the entity and try again."),
        (
            "99999999999999999999",
            404,
            "The entity that was requested doesn't exist. Verify the entity and try again.",
        ),
        (
            "abc",
            400,
            'The "abc" value\'s type is invalid. The "int" type was expected. Verify and try again.',
        ),
    ],
)
def test_path_ids_that_lead_nowhere(shop: Client, key: str, status: int, message: str) -> None:
    reply = shop.get(f"/rest/V1/orders/{key}")
    assert (reply.status, reply.json["message"]) == (status, message)


def test_accept_decides_between_json_xml_and_a_crash(shop: Client) -> None:
    target = "/rest/V1/orders/1?fields=increment_id"
    assert shop.get(target, Accept="application/json; charset=utf-8").json == {"increment_id": "000000001"}
    browser = shop.get(target, Accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    assert (
        browser.body
        == b'<?xml version="1.0"?>\n<response>\n  <increment_id>000000001</increment_id>\n</response>\n'
    )
    page = shop.send("GET", target, token="", headers={"Accept": "text/html"})
    assert page.status == 500
    assert b"Error log record number: " in page.body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"entity": {', "Decoding error."),
        (b'{"entity": {},}', "Decoding error."),
        (b'\xef\xbb\xbf{"entity": {}}', "Decoding error."),
        ('{"entity": {"status": "café"}}'.encode("latin-1"), "Decoding error."),
        (b'{"entity": {"status": "\\ud83d"}}', "Decoding error."),
        (b'{"entity": {"grand_total": 1e999}}', "Decoding error."),
        (b"[1,2]", '"%fieldName" is required. Enter and try again.'),
        (b'"text"', '"%fieldName" is required. Enter and try again.'),
        (b"null", '"%fieldName" is required. Enter and try again.'),
        (b"", '"%fieldName" is required. Enter and try again.'),
    ],
)
def test_bodies_that_are_not_the_entity(shop: Client, body: bytes, message: str) -> None:
    reply = shop.send("POST", "/rest/V1/orders", raw=body)
    assert (reply.status, reply.json["message"]) == (400, message)


@pytest.mark.parametrize("content_type", ["text/plain", "Application/JSON", "application/vnd.api+json"])
def test_content_types_that_magento_does_not_know(shop: Client, content_type: str) -> None:
    reply = shop.send("POST", "/rest/V1/orders", {"entity": {}}, headers={"Content-Type": content_type})
    assert reply.status == 400
    assert reply.json["message"] == (
        f"Server cannot understand Content-Type HTTP header media type {content_type}"
    )


def test_xml_bodies_are_read(shop: Client) -> None:
    xml = b"<request><statusHistory><comment>from XML</comment></statusHistory></request>"
    reply = shop.send(
        "POST", "/rest/V1/orders/1/comments", raw=xml, headers={"Content-Type": "application/xml"}
    )
    assert (reply.status, reply.json) == (200, True)
    assert shop.get("/rest/V1/orders/1/comments").json["items"][0]["comment"] == "from XML"
