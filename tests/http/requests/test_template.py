"""What a request becomes for an entity."""

from typing import Any

import pytest

from mageferry.http import InvalidRequest, Request, Secret
from mageferry.http.config import ConfigError
from mageferry.http.descriptions import read
from mageferry.http.placeholders import MissingValue, Scope, TemplateError
from mageferry.http.requests import BodyType, ReadingDescription, RequestDescription, RequestTemplate

ORDER = {"id": 15, "sku": "A/1 ?", "note": "", "customer": {"email": "a+b@example.com"}, "none": None}


def filled(description: dict[str, Any], data: Any = ORDER, **scope: Any) -> Request:
    return read(RequestDescription, description, "request").build("request").fill(Scope(data, **scope))


def test_values_stay_in_their_place_of_the_address() -> None:
    request = filled(
        {"path": "/products/&{sku}/x?fixed=1", "query": {"mail": "&{customer.email}", "n": "?{none}"}}
    )
    assert request.url == "/products/A%2F1%20%3F/x?fixed=1&mail=a%2Bb%40example.com"
    plus = filled({"path": "/x", "query": {"q": "a b", "nested": {"a": [1]}}, "uri_encoder": "rfc1738"})
    assert plus.url == "/x?q=a+b&nested%5Ba%5D%5B0%5D=1"


def test_parts_of_the_address_can_come_from_the_configuration() -> None:
    request = filled({"path": "@{globals.base}/orders"}, context={"globals": {"base": "/rest/V1"}})
    assert request.url == "/rest/V1/orders"


@pytest.mark.parametrize("value", ["..", "."])
def test_a_value_cannot_lead_to_another_path(value: str) -> None:
    with pytest.raises(InvalidRequest, match="leads elsewhere"):
        filled({"path": "/orders/&{id}/x"}, {"id": value})


@pytest.mark.parametrize("data", [{"id": ""}, {}])
def test_a_path_with_a_hole_is_no_path(data: Any) -> None:
    with pytest.raises(TemplateError, match=r"request\.path, character 9"):
        filled({"path": "/orders/&{id}"}, data)


def test_a_data_address_is_never_another_host() -> None:
    assert filled({"path": "&{id}"}, {"id": "https://other.example/"}).url == "https%3A%2F%2Fother.example%2F"


def test_bodies_and_headers_are_filled() -> None:
    request = filled(
        {
            "method": "put",
            "path": "/x",
            "headers": {"X-Id": "&{id}", "X-None": "?{none}"},
            "body": {"id": "&{id}", "note": "&{note}", "zero": 0},
            "prune": True,
        }
    )
    assert (request.method, request.content) == ("PUT", b'{"id":15,"zero":0}')
    assert request.headers == {"Content-Type": "application/json", "X-Id": "15"}


def test_values_cannot_break_out_of_an_xml_text() -> None:
    body = '<o note="&{note}">&{sku}</o>'
    request = filled({"path": "/x", "body_type": "xml", "body": body}, {"note": '"><', "sku": "a&b"})
    assert request.content == b'<o note="&quot;&gt;&lt;">a&amp;b</o>'


def test_secrets_are_masked_wherever_they_stand() -> None:
    context = {"globals": {"key": Secret("CANARY/1")}}
    request = filled(
        {
            "path": "/x/@{globals.key}",
            "query": {"k": "@{globals.key}"},
            "headers": {"X-K": "k @{globals.key}"},
            "body": {"k": ["@{globals.key}"]},
        },
        context=context,
    )
    assert request.content == b'{"k":["CANARY/1"]}'
    shown = request.masked(f"{request.url} {dict(request.headers)} {request.content.decode()}")
    assert "CANARY" not in f"{request!r} {shown}"


def test_missing_values_name_their_field() -> None:
    with pytest.raises(MissingValue) as caught:
        filled({"path": "/x", "body": {"lines": [{"sku": "&{nope}"}]}})
    assert caught.value.path == "request.body.lines[0].sku"


def test_what_is_wrong_is_told_with_its_path() -> None:
    with pytest.raises(ConfigError) as caught:
        read(
            RequestDescription,
            {"method": "1", "body": "&{a", "headers": {"a": "&{"}, "csv": {"delimiter": ";;"}, "x": 1},
            "steps[0].request",
        )
    paths = [problem.path.removeprefix("steps[0].request.") for problem in caught.value.problems]
    assert sorted(paths) == ["body", "csv.delimiter", "headers.a", "method", "path", "x"]
    assert all(problem.remedy for problem in caught.value.problems)


def test_half_a_character_is_told() -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        read(RequestDescription, {"path": "x", "query": {"\ud800": "&{"}}, "request")


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ({"path": " "}, "request.path"),
        ({"path": "/a/&{"}, "request.path"),
        ({"path": "/", "query": {"x": "&{a b}"}}, "request.query.x"),
        ({"path": "/", "headers": {"X": "&{"}}, "request.headers.X"),
        ({"path": "/", "body": ["&{"]}, "request.body[0]"),
        ({"path": "/", "body": "<a>\0</a>", "body_type": BodyType.XML}, "request.body"),
    ],
)
def test_a_template_that_does_not_parse_is_none(template: dict[str, Any], path: str) -> None:
    with pytest.raises(TemplateError) as caught:
        RequestTemplate(**template)
    assert caught.value.path == path
    assert caught.value.remedy


def test_one_template_serves_reading_and_writing() -> None:
    described = read(RequestDescription, {"path": "/orders", "body": {"a": 1}, "prune": True}, "request")
    assert described.build() == RequestTemplate("/orders", "POST", body={"a": 1}, prune=True)
    reading = read(ReadingDescription, {"path": "/orders", "repeatable": True}, "request")
    assert reading.build() == RequestTemplate("/orders", repeatable=True)
    assert "secret" not in repr(RequestTemplate("/?key=secret", headers={"X": "secret"}))
