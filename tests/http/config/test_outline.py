"""The tree of options that an editor shows: every option of a description is in it, of the kind that fits."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.http.config import Description, form_fields
from mageferry.http.config.outline import outline, outline_of_types
from mageferry.http.publisher import PublisherDescription
from mageferry.http.publisher.chain import ChainDescription
from mageferry.http.subscriber.described import SubscriberDescription
from mageferry.http.transformers import TRANSFORMERS
from mageferry.http.webhook.described import WebhookDescription


def places(nodes: Any, path: str = "") -> dict[str, str]:
    """Kind by path; options of a type stand below their field."""
    found: dict[str, str] = {}
    for node in nodes:
        where = f"{path}.{node['name']}".lstrip(".")
        found[where] = node["kind"]
        found |= places(node.get("fields", []), where)
        for kind in node.get("types", []):
            found |= places(kind["fields"], where)
    return found


@pytest.mark.parametrize(
    "kind", [SubscriberDescription, PublisherDescription, WebhookDescription, ChainDescription]
)
def test_it_has_every_option_that_a_form_has(kind: type[Description]) -> None:
    known = places(outline(kind))
    for field in form_fields(kind):
        assert field.name.removesuffix(".type") in known


def test_options_are_of_the_kind_that_is_edited_best() -> None:
    subscriber, chain = places(outline(SubscriberDescription)), places(outline(ChainDescription))
    assert subscriber["request.query"] == "values"
    assert subscriber["request.headers"] == "texts"
    assert subscriber["request.body"] == "json"
    assert subscriber["request.repeatable"] == "yes_no"
    assert subscriber["pagination"] == "one_of"
    assert subscriber["transformers"] == "list_of"
    assert subscriber["entities.json_schema"] == "json"
    assert chain["steps"] == "blocks"
    assert chain["steps.read_ids"] == "named"
    assert chain["steps.save_ids.map"] == "text"
    assert places(outline(WebhookDescription))["signature.secret"] == "secret"


def test_what_may_be_absent_says_so_and_defaults_come_from_the_description() -> None:
    nodes = {node["name"]: node for node in outline(SubscriberDescription)}
    assert nodes["delta"]["optional"]
    assert nodes["request"]["required"]
    assert nodes["pagination"]["default"] == "one_page"
    assert nodes["max_pages"]["default"] == 10_000


def test_transformers_within_transformers_are_lists_of_them() -> None:
    kinds = {kind.type_name: kind for kind in TRANSFORMERS}
    types = outline_of_types(kinds, {name: kind.title for name, kind in kinds.items()})
    nested = {
        (each["type"], node["name"]) for each in types for node in each["fields"] if node["kind"] == "list_of"
    }
    assert nested == {(kind.type_name, name) for kind in TRANSFORMERS for name in kind.nested}
    client = next(node for each in types for node in each["fields"] if node["name"] == "client")
    assert client["code_of"] == "http_client"
