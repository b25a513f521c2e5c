"""Whatever is described: it is refused with its fields, or what it becomes works or fails in its own words."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.http import HttpError
from mageferry.http.config import ConfigError
from mageferry.http.placeholders import Scope
from mageferry.http.subscriber import IncomingError
from mageferry.http.subscriber.described import SubscriberDescription
from mageferry.http.webhook import Delivery, MemoryReplays, parse
from mageferry.http.webhook.described import WebhookDescription
from tests.http.any_values import EXPRESSIONS, NAMES, TEXTS
from tests.http.subscriber.runs import all_pages, says, start
from tests.http.subscriber.test_described import EVERYTHING as SUBSCRIBER
from tests.http.webhook.test_described import EVERYTHING as WEBHOOK
from tests.http.webhook.test_described import SCOPE

PAGINATIONS: list[dict[str, Any]] = [
    {"type": "page", "size": 2, "size_parameter": "n", "stop": {"more": "more", "short_page": True}},
    {"type": "cursor", "path": "next", "more": "more"},
    {"type": "next_link", "path": "next", "hosts": ["x"]},
    {"type": "link_header"},
    {"type": "search_criteria", "size": 5},
]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        ["..", "\ud800", "\x00", "&{id}", "&{", "%Y", "utf-8", "Europe/Berlin", "next_link", "200"]
    )
    | EXPRESSIONS
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.just("type"), inner, max_size=4),
    max_leaves=8,
)
LITTLE: dict[str, Any] = {"request": {"path": "/"}, "answer": {"format": "auto"}, "max_pages": 3}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a structure."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


@st.composite
def spoiled(draw: st.DrawFn, sound: dict[str, Any]) -> Any:
    """A description with one or two of its values replaced by anything."""
    described: Any = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(described))))
        value = draw(VALUES)
        if not path:
            return value
        around = described
        for key in path[:-1]:
            around = around[key]
        around[path[-1]] = value
    return described


def explained(error: ConfigError) -> None:
    for problem in error.problems:
        assert problem.message
        assert problem.remedy
        assert "CANARY" not in f"{problem} {problem.remedy}"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_subscriber_is_refused_or_reads(data: st.DataObject) -> None:
    pagination = data.draw(st.sampled_from(PAGINATIONS))
    sound = data.draw(st.sampled_from([SUBSCRIBER, {**LITTLE, "pagination": pagination}]))
    try:
        description = SubscriberDescription.parse(data.draw(spoiled(sound)), "incoming")
        subscriber = description.build("incoming", scope=Scope(context={"globals": {"channel": "x"}}))
    except ConfigError as error:
        explained(error)
        return
    answer = says({"data": {"orders": [{"id": 1}], "total": 1}, "next": "/x", "more": 1})
    with suppress(IncomingError, HttpError):
        all_pages(start(subscriber), lambda _: answer)


@settings(max_examples=100, deadline=None)
@given(spoiled(WEBHOOK) | spoiled({"open_to_all": True}))
def test_any_webhook_is_refused_or_takes_deliveries(described: Any) -> None:
    try:
        webhook = WebhookDescription.parse(described, "hook").build(
            "hook", scope=SCOPE, replays=MemoryReplays()
        )
    except ConfigError as error:
        explained(error)
        return
    with suppress(IncomingError):
        parse(Delivery("POST", "/x?a=1", {"Content-Type": "application/json"}, b'{"orders": [1]}'), webhook)
