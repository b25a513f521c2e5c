"""A subscriber as data: what it becomes, and what is said of one that cannot work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from mageferry.http import Request, Response
from mageferry.http.config import ConfigError, FieldKind, FormField, form_fields
from mageferry.http.placeholders import Scope
from mageferry.http.subscriber import (
    Cursor,
    Delta,
    EntityRules,
    Format,
    ItemsPattern,
    LinkHeader,
    Memories,
    MemorySeen,
    NextLink,
    Offset,
    OnePage,
    PageNumber,
    Pagination,
    Repeats,
    RequestTemplate,
    Stop,
    Subscriber,
    search_criteria,
)
from mageferry.http.subscriber.described import SubscriberDescription
from mageferry.http.transformers import Ports
from tests.http.subscriber.runs import all_pages, asked, data, says, start

REQUEST = {"path": "/orders"}
EVERYTHING: dict[str, Any] = {
    "request": {
        "method": "POST",
        "path": "https://erp.example/search",
        "query": {"since": "?{since}"},
        "uri_encoder": "rfc1738",
        "headers": {"X-Page": "&{page.number}"},
        "body": {"size": "&{page.size}"},
        "repeatable": True,
    },
    "answer": {
        "format": "auto",
        "table": {"delimiter": ";", "columns": ["sku", "qty"], "encoding": "cp1252"},
        "markup": {"namespaces": {"o": "urn:orders"}, "lists": ["order"]},
        "limits": {"body_bytes": 1000, "depth": 5},
        "expect": "200-299, 404",
        "end": "410-411",
    },
    "items": {"pattern": "data.orders", "nothing_is_error": False},
    "pagination": {"type": "offset", "size": 50, "stop": {"total": "data.total"}},
    "delta": {"path": "at", "format": "timestamp", "sent_format": "%Y-%m-%d", "overlap_seconds": 60},
    "transformers": [
        {"type": "filter", "keep": "status != 'draft'"},
        {"type": "set", "target": "channel", "value": "@{globals.channel}"},
    ],
    "entities": {"identifier": ["store", "id"], "json_schema": {"type": "object"}, "compared": "[status]"},
    "repeats": "stop",
    "max_pages": 7,
    "batch_entities": 8,
    "recent_identifiers": 9,
}


def built(**options: Any) -> Subscriber:
    return SubscriberDescription.parse({"request": REQUEST, **options}).build()


def test_options_that_are_left_out_are_those_of_a_subscriber() -> None:
    assert built() == Subscriber(RequestTemplate("/orders"))


def test_every_option_reaches_the_subscriber() -> None:
    memories = Memories(seen=MemorySeen())
    scope = Scope(context={"globals": {"channel": "erp"}})
    subscriber = SubscriberDescription.parse(EVERYTHING).build(memories=memories, scope=scope)
    assert (subscriber.request.method, subscriber.request.plus) == ("POST", True)
    assert subscriber.request.repeatable is True
    answer = subscriber.answer
    assert (answer.kind, answer.table.columns, answer.table.delimiter) == (Format.AUTO, ("sku", "qty"), ";")
    assert (answer.markup.lists, answer.markup.namespaces) == (("order",), {"o": "urn:orders"})
    assert (answer.limits.body_bytes, answer.limits.depth, answer.limits.items) == (1000, 5, 100_000)
    assert (404 in subscriber.statuses, subscriber.end_statuses) == (True, {410, 411})
    assert subscriber.items == ItemsPattern("data.orders", nothing_is_error=False)
    assert subscriber.pagination == Offset(size=50, stop=Stop(total="data.total"))
    assert subscriber.delta == Delta("at", "timestamp", sent_format="%Y-%m-%d", overlap_seconds=60)
    assert subscriber.entities == EntityRules(("store", "id"), schema={"type": "object"}, compared="[status]")
    assert (subscriber.repeats, subscriber.max_pages) == (Repeats.STOP, 7)
    assert (subscriber.batch_entities, subscriber.recent_identifiers) == (8, 9)
    assert (subscriber.memories, subscriber.scope) == (memories, scope)


def test_it_reads_from_a_server() -> None:
    description = SubscriberDescription.parse(
        {
            **EVERYTHING,
            "answer": {},
            "entities": {"identifier": ["id"]},
            "pagination": {"type": "page", "size_parameter": "limit", "size": 2, "stop": {"total": "total"}},
            "items": {"pattern": "orders"},
        }
    )
    ports = Ports(Scope(context={"globals": {"channel": "erp"}}))

    def server(request: Request) -> Response:
        number = int(asked(request)["page"])
        assert (request.headers["X-Page"], asked(request)["limit"]) == (str(number), "2")
        statuses = ["new", "draft"] if number == 1 else ["paid"]
        orders = [
            {"id": 10 * number + index, "status": status, "at": 1} for index, status in enumerate(statuses)
        ]
        return says({"orders": orders, "total": 3})

    pages = all_pages(start(description.build(ports=ports), now=datetime(2026, 3, 1, tzinfo=UTC)), server)
    assert [(each["id"], each["channel"]) for each in data(pages)] == [(10, "erp"), (20, "erp")]
    assert pages[0].skipped.dropped == 1


def test_an_item_that_the_transformers_refuse_fails_alone_and_is_told_with_their_place() -> None:
    refusing = {"transformers": [{"type": "fail", "when": "id == `2`", "message": "two is too many"}]}
    subscriber = SubscriberDescription.parse({"request": REQUEST, **refusing}).build("routes.erp.incoming")
    (page,) = all_pages(start(subscriber), lambda _: says([{"id": 1}, {"id": 2}]))
    assert [entity.data for entity in page.entities] == [{"id": 1}]
    assert "two is too many" in page.failures[0].message
    cause = page.failures[0].__cause__
    assert getattr(cause, "path", "").startswith("routes.erp.incoming.transformers[0]")


@pytest.mark.parametrize(
    ("described", "pagination"),
    [
        ({"type": "one_page"}, OnePage()),
        ({"type": "page"}, PageNumber()),
        (
            {"type": "page", "parameter": "p", "start": 0, "size": 5, "stop": {"more": "has_more"}},
            PageNumber("p", 0, size=5, stop=Stop(more="has_more")),
        ),
        ({"type": "page", "fixed": {"sort": "id"}}, PageNumber(fixed={"sort": "id"})),
        ({"type": "offset"}, Offset()),
        ({"type": "cursor", "path": "next"}, Cursor("next")),
        (
            {"type": "cursor", "path": "items[-1].id", "parameter": "since_id", "more": "more"},
            Cursor("items[-1].id", "since_id", more="more"),
        ),
        ({"type": "next_link"}, NextLink()),
        ({"type": "next_link", "path": "a.b", "hosts": ["x.example"]}, NextLink("a.b", ("x.example",))),
        ({"type": "link_header"}, LinkHeader()),
        ({"type": "link_header", "relation": "more"}, LinkHeader("more")),
        ({"type": "search_criteria"}, search_criteria()),
        ({"type": "search_criteria", "size": 5, "sort": "id"}, search_criteria(5, "id")),
    ],
)
def test_paginations_by_their_type(described: dict[str, Any], pagination: Pagination) -> None:
    assert built(pagination=described).pagination == pagination


@pytest.mark.parametrize(
    ("options", "path", "told"),
    [
        ({"request": {}}, "request.path", "is missing"),
        ({"request": {"path": " "}}, "request.path", "is empty"),
        ({"request": {"path": "/a/&{id"}}, "request.path", "never closed"),
        (
            {"request": {"path": "/", "query": ["a"]}},
            "request.query",
            "must be an object of names and values",
        ),
        ({"request": {"path": "/", "body": {"a": ["&{"]}}}, "request.body.a[0]", "never closed"),
        ({"request": {"path": "/", "headers": {"X": 1}}}, "request.headers.X", "must be a text"),
        ({"request": {"path": "/", "uri": "/"}}, "request.uri", "no such option"),
        ({"answer": {"format": "pdf"}}, "answer.format", "'json'"),
        ({"answer": {"table": {"delimiter": ",,"}}}, "answer.table.delimiter", "must be one character"),
        ({"answer": {"table": {"columns": ["a", "a"]}}}, "answer.table.columns", "there twice"),
        ({"answer": {"markup": {"namespaces": {"a": "u", "b": "u"}}}}, "answer.markup.namespaces", "two"),
        ({"answer": {"limits": {"depth": 0}}}, "answer.limits.depth", "greater than or equal to 1"),
        ({"answer": {"expect": "900"}}, "answer.expect", "no range of statuses"),
        ({"answer": {"end": "ok"}}, "answer.end", "no range of statuses"),
        ({"items": {"pattern": "a["}}, "items.pattern", "no JMESPath"),
        ({"answer": {"format": "csv"}, "items": {"pattern": "a"}}, "items.pattern", "no meaning for a table"),
        ({"pagination": {}}, "pagination.type", "the type is missing"),
        ({"pagination": {"type": "pages"}}, "pagination.type", "no such type"),
        ({"pagination": ["page"]}, "pagination", "must be an object"),
        ({"pagination": {"type": "page", "size": 0}}, "pagination.size", "greater than or equal to 1"),
        ({"pagination": {"type": "page", "size_parameter": "n"}}, "pagination.size", "is needed"),
        ({"pagination": {"type": "page", "stop": {"short_page": True}}}, "pagination.size", "is needed"),
        ({"pagination": {"type": "page", "stop": {"total": "a["}}}, "pagination.stop.total", "no JMESPath"),
        ({"pagination": {"type": "page", "path": "a"}}, "pagination.path", "no such option"),
        ({"pagination": {"type": "cursor"}}, "pagination.path", "is missing"),
        ({"pagination": {"type": "next_link", "path": ""}}, "pagination.path", "is empty"),
        ({"answer": {"format": "csv"}, "pagination": {"type": "next_link"}}, "pagination", "is a table"),
        ({"delta": {}}, "delta.path", "is missing"),
        ({"delta": {"path": "a", "format": "x"}}, "delta.format", "this is no format"),
        ({"delta": {"path": "a", "zone": "Mars/North"}}, "delta.zone", "no such time zone"),
        ({"delta": {"path": "a", "sent_format": "x"}}, "delta.sent_format", "this is no format"),
        ({"delta": {"path": "a", "sent_zone": "x"}}, "delta.sent_zone", "no such time zone"),
        ({"delta": {"path": "a", "overlap_seconds": -1}}, "delta.overlap_seconds", "greater than or equal"),
        ({"delta": {"path": "a", "overlap_seconds": float("nan")}}, "delta.overlap_seconds", "less than"),
        ({"delta": {"path": "a", "first_seconds": 1e300}}, "delta.first_seconds", "less than"),
        ({"transformers": {"type": "set"}}, "transformers", "must be a list"),
        ({"transformers": [{"type": "sett"}]}, "transformers[0].type", "no such type"),
        ({"transformers": [{"type": "filter", "keep": "a["}]}, "transformers[0].keep", "no JMESPath"),
        ({"entities": {"identifier": ["id", "a["]}}, "entities.identifier[1]", "no JMESPath"),
        ({"entities": {"identifier": [""]}}, "entities.identifier[0]", "is empty"),
        ({"entities": {"separator": ""}}, "entities.separator", "is empty"),
        ({"entities": {"json_schema": {"type": 7}}}, "entities.json_schema", "no JSON Schema"),
        ({"entities": {"json_schema": {"$ref": "#/$defs/x"}}}, "entities.json_schema", "leads nowhere"),
        (
            {"entities": {"json_schema": {"items": {"$ref": "https://x.example/s"}}}},
            "entities.json_schema",
            "'https://x.example/s' leads nowhere",
        ),
        ({"entities": {"compared": "!a.b"}}, "entities.compared", "never finds anything"),
        ({"repeats": "never"}, "repeats", "'fail'"),
        ({"max_pages": 0}, "max_pages", "greater than or equal to 1"),
        ({"pages": 1}, "pages", "no such option"),
    ],
)
def test_what_cannot_work_is_told_with_its_field_and_how_to_mend_it(
    options: dict[str, Any], path: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        SubscriberDescription.parse({"request": REQUEST, **options}, "incoming.erp")
    (problem,) = caught.value.problems
    assert problem.path == f"incoming.erp.{path}"
    assert told in problem.message
    assert problem.remedy


@pytest.mark.parametrize("value", [None, [], "orders", 7, {"request": None}, {"request": []}])
def test_what_is_no_description_is_a_problem_too(value: Any) -> None:
    with pytest.raises(ConfigError, match="must be an object"):
        SubscriberDescription.parse(value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        SubscriberDescription.parse(
            {
                "request": {"path": "/a/&{"},
                "pagination": {"type": "cursor", "sise": 5},
                "transformers": [{"type": "set"}, {"type": "filter", "keep": "a["}],
                "max_pages": -1,
            }
        )
    assert [problem.path for problem in caught.value.problems] == [
        "request.path",
        "pagination.path",
        "pagination.sise",
        "transformers[0].target",
        "transformers[0].value",
        "transformers[1].keep",
        "max_pages",
    ]


def test_a_description_comes_out_as_it_went_in() -> None:
    for options in (EVERYTHING, {"request": REQUEST}):
        description = SubscriberDescription.parse(options)
        again = SubscriberDescription.parse(orjson.loads(orjson.dumps(description.options())))
        assert description.options() == options
        assert again == description


def test_the_type_of_a_choice_made_in_python_is_written() -> None:
    made = SubscriberDescription.parse({"request": REQUEST, "pagination": {"type": "page"}}).pagination
    assert type(made)().model_dump(exclude_unset=True) == {"type": "page"}


def test_the_json_schema_takes_what_is_taken() -> None:
    schema = SubscriberDescription.schema_document()
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert check.is_valid(EVERYTHING)
    for wrong in (
        {},
        {"request": REQUEST, "pagination": {"type": "pages"}},
        {"request": REQUEST, "pagination": {"type": "next_link", "parameter": "x"}},
        {"request": REQUEST, "transformers": [{"type": "sett"}]},
        {"request": REQUEST, "max_pages": 0},
    ):
        assert not check.is_valid(wrong)


def fields() -> dict[str, list[FormField]]:
    found: dict[str, list[FormField]] = {}
    for field in form_fields(SubscriberDescription):
        found.setdefault(field.name, []).append(field)
    return found


def test_forms_show_every_option_and_the_options_of_each_choice() -> None:
    shown = fields()
    (kind,) = shown["pagination.type"]
    assert (kind.kind, kind.default, kind.title) == (FieldKind.CHOICE, "one_page", "Pages")
    assert set(kind.choices) == {
        "one_page", "page", "offset", "cursor", "next_link", "link_header", "search_criteria"
    }  # fmt: skip
    assert {field.of_type: field.required for field in shown["pagination.size"]} == dict.fromkeys(
        ("page", "offset", "cursor", "search_criteria"), False
    )
    assert [field.default for field in shown["pagination.size_parameter"]] == ["", "limit", ""]
    (uri,) = shown["request.path"]
    assert (uri.title, uri.required) == ("Request: URI", True)
    assert shown["transformers"][0].kind is FieldKind.LIST
    assert all(field.title for listed in shown.values() for field in listed)
