"""One declaration gives the option, its check and what a form shows."""

import pytest

from mageferry.http.config import AUTHENTICATIONS, PLUGINS, Description, FieldKind, FormField, form_fields
from mageferry.magento.config import MAGENTO_AUTHENTICATIONS

EVERY = (*PLUGINS, *AUTHENTICATIONS, *MAGENTO_AUTHENTICATIONS)


def fields(name: str) -> dict[str, FormField]:
    kind = next(kind for kind in EVERY if kind.type_name == name)
    return {field.name: field for field in form_fields(kind)}


def test_options_have_kind_title_help_and_default() -> None:
    retry = fields("retry")
    assert (retry["attempts"].kind, retry["attempts"].default) == (FieldKind.INTEGER, 4)
    assert (retry["first_wait_seconds"].kind, retry["any_method"].kind) == (
        FieldKind.NUMBER,
        FieldKind.CHECKBOX,
    )
    assert (retry["exceptions"].kind, retry["statuses"].default) == (FieldKind.LIST, "429, 502-504")
    request = fields("request")
    assert request["encoder"].choices == ("json", "form", "query", "query_plus")
    assert (request["encoder"].kind, request["encoder"].default) == (FieldKind.CHOICE, "json")
    assert (request["uri"].required, request["uri"].title) == (True, "Request URI")
    assert request["lifetime_seconds"].kind is FieldKind.NUMBER
    assert (request["headers"].kind, request["headers"].default) == (FieldKind.TEXTS, {})
    assert (request["secrets"].kind, request["secrets"].default) == (FieldKind.SECRETS, None)
    assert request["parameters"].kind is FieldKind.OBJECT
    assert (retry["exceptions"].choices[0], retry["exceptions"].kind) == ("unreachable", FieldKind.LIST)


def test_a_nested_option_is_shown_as_fields_of_its_own() -> None:
    limit = fields("rate_limit")
    assert "header" not in limit
    name = limit["header.name"]
    assert (name.title, name.required, name.default) == ("Response header: header name", False, None)
    assert (limit["header.wait_seconds"].kind, limit["header.wait_seconds"].default) == (
        FieldKind.NUMBER,
        1.0,
    )


def test_secrets_are_marked_and_have_no_default_to_show() -> None:
    assert [field.kind for field in fields("bearer").values()] == [FieldKind.SECRET]
    basic = fields("basic")["password"]
    assert (basic.kind, basic.required, basic.default) == (FieldKind.SECRET, False, None)
    integration = fields("magento_integration")
    assert integration["access_token_secret"].kind is FieldKind.SECRET
    schema = next(kind for kind in EVERY if kind.type_name == "bearer").model_json_schema()
    assert schema["properties"]["token"]["writeOnly"] is True


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.type_name)
def test_every_type_can_be_shown(kind: type[Description]) -> None:
    assert kind.title
    assert all(field.title for field in form_fields(kind))


def test_no_two_types_have_the_same_name() -> None:
    for kinds in (PLUGINS, (*AUTHENTICATIONS, *MAGENTO_AUTHENTICATIONS)):
        names = [kind.type_name for kind in kinds]
        assert len(set(names)) == len(names)
