"""What an editor of a description shows: the tree of its options, as data for any front end.

Declared once, on the models: titles, help, choices and defaults come from there. `form_fields` gives the same flat,
without what can be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, TypedDict, get_args, get_origin

from pydantic.fields import FieldInfo

from mageferry.http.config.fields import (
    CODE_OF,
    LIST_OF,
    Choice,
    Description,
    FieldKind,
    alternatives,
    bare_type,
    is_optional,
    leaf_field,
    nested_description,
)


class Node(TypedDict):
    """One option. `kind` says which of the others there are:

    text, secret, integer, number, checkbox, yes_no, choice (`choices`), list, texts, json, values (names with JSON
    each), group (`fields`), one_of (`types` by `type`), blocks (a list of `fields`), named (names with `fields` each),
    list_of (a list of what is called `of`).
    """

    name: str
    kind: str
    title: str
    help: str
    required: bool
    default: Any
    optional: NotRequired[bool]
    choices: NotRequired[list[str]]
    fields: NotRequired[list[Node]]
    types: NotRequired[list[TypeNode]]
    of: NotRequired[str]
    code_of: NotRequired[str]


class TypeNode(TypedDict):
    """One of the types that may stand in a place."""

    type: str
    title: str
    help: str
    fields: list[Node]


def outline(kind: type[Description], without: tuple[str, ...] = ()) -> list[Node]:
    """The options of a description, in the order they are declared."""
    return [_node(name, info) for name, info in kind.model_fields.items() if name not in (*without, "type")]


def outline_of_types(kinds: Mapping[str, type[Description]], titles: Mapping[str, str]) -> list[TypeNode]:
    """The types that may stand in a list, each with its options."""
    return [
        TypeNode(type=name, title=titles[name], help="", fields=outline(kind)) for name, kind in kinds.items()
    ]


def _node(name: str, info: FieldInfo) -> Node:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    node = Node(
        name=name,
        kind="",
        title=info.title or name.replace("_", " ").capitalize(),
        help=info.description or "",
        required=info.is_required(),
        default=None,
    )
    if is_optional(info.annotation):
        node["optional"] = True
    for key, value in _structure(info, extra):
        node[key] = value  # type: ignore[literal-required]
    return node


def _structure(info: FieldInfo, extra: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The kind of an option, and what belongs to that kind."""
    inner, nested = bare_type(info.annotation), nested_description(info.annotation)
    if LIST_OF in extra:
        yield from (("kind", "list_of"), ("of", extra[LIST_OF]))
    elif types := alternatives(info.annotation):
        yield from (("kind", "one_of"), ("types", [_type_node(each) for each in types.values()]))
        if not info.is_required():
            yield "default", info.get_default(call_default_factory=True).type
    elif nested is not None:
        kinds = {tuple: "blocks", list: "blocks", dict: "named"}
        yield from (("kind", kinds.get(get_origin(inner), "group")), ("fields", outline(nested)))
    else:
        yield from _leaf(info, extra)


def _type_node(kind: type[Choice]) -> TypeNode:
    name = kind.model_fields["type"].default
    help = (kind.__doc__ or "").strip()
    return TypeNode(type=name, title=name.replace("_", " ").capitalize(), help=help, fields=outline(kind))


def _leaf(info: FieldInfo, extra: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    field = leaf_field("", info)
    choices = list(field.choices) or extra.get("enum")
    kind: str = FieldKind.CHOICE if choices and field.kind is FieldKind.TEXT else field.kind
    if field.kind is FieldKind.CHECKBOX and is_optional(info.annotation):
        kind = "yes_no"
    elif field.kind is FieldKind.OBJECT:
        kind = "values" if _has_names(info) else "json"
    yield "kind", str(kind)
    default = field.default
    yield "default", list(default) if isinstance(default, tuple | frozenset) else default
    if choices:
        yield "choices", [str(each) for each in choices]
    if CODE_OF in extra:
        yield "code_of", extra[CODE_OF]


def _has_names(info: FieldInfo) -> bool:
    """Whether it is an object whose names a person chooses, rather than any JSON."""
    inner = bare_type(info.annotation)
    if get_origin(inner) is dict:
        return bool(get_args(inner)[1:]) and not is_optional(info.annotation)
    return info.default_factory is dict
