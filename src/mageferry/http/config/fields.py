"""Kinds of options, and what a form needs to know of each: declared once, on the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_core.core_schema import SerializationInfo

from mageferry.http.config.errors import Problem, Unfit
from mageferry.http.placeholders import Template, TemplateError, secrets_in
from mageferry.http.redaction import MASK, Secret


def _check_template(value: Any) -> Any:
    """Placeholders must parse; what they are filled with is seen when the client is built."""
    try:
        Template.parse(value.reveal() if isinstance(value, Secret) else value, "")
    except TemplateError as error:
        text = f"{error.message} (character {error.position + 1})"
        raise Unfit([Problem(error.path, text, error.remedy)]) from None
    return value


def _to_secret(value: Any) -> Secret:
    if not isinstance(value, str | Secret):
        raise ValueError("a text is needed")
    secret = Secret(value)
    if secret.reveal() == MASK:
        raise ValueError("the secret was masked when this was written: enter it again")
    return secret


def _needed(value: Secret) -> Secret:
    if not value:
        raise ValueError("the secret is missing")
    return value


def _written(value: Secret, info: SerializationInfo) -> str:
    if isinstance(info.context, Mapping) and info.context.get("reveal"):
        return value.reveal()
    return MASK if value else ""


# A text that may have placeholders of the environment and the context.
type Text = Annotated[str, AfterValidator(_check_template)]
# The same for a structure of texts.
type Structure = Annotated[Any, AfterValidator(_check_template)]
type Texts = Annotated[dict[str, str], AfterValidator(_check_template)]
_SECRET: Final = (
    BeforeValidator(_to_secret),
    AfterValidator(_check_template),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True}),
)
OptionalSecret = Annotated[Secret, *_SECRET]
NeededSecret = Annotated[Secret, *_SECRET, AfterValidator(_needed)]
# Named texts that are kept from view, such as a header with a key.
type Secrets = dict[str, OptionalSecret]


class Description(BaseModel):
    """A plugin or an authentication as data: its type's name, and options with title, help and default."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    def options(self, *, reveal: bool = False) -> dict[str, Any]:
        """The options that were given, as JSON; secrets masked, or in plain for a place that keeps them safe."""
        return self.model_dump(mode="json", exclude_unset=True, context={"reveal": reveal})

    def secrets_within(self) -> Iterator[Secret]:
        """Every secret among the options, at any depth."""
        for _, value in self:
            if isinstance(value, Description):
                yield from value.secrets_within()
            else:
                yield from (secret for secret in secrets_in(value) if secret)


class Choice(Description):
    """One of several descriptions that may stand in a field, told apart by `type`; each names its own."""

    def model_post_init(self, _: Any) -> None:
        # Also of one that is made in Python: data without it could not be read again.
        self.model_fields_set.add("type")


# Said of a field beside its JSON Schema: it is a list of described things of this name, each with a `type` of its own.
LIST_OF: Final = "x-list-of"
# It has the code of a record of this kind, such as an HTTP client.
CODE_OF: Final = "x-code-of"


class FieldKind(StrEnum):
    """What a form shows for an option. TEXTS and SECRETS are names with a text each."""

    TEXT = "text"
    SECRET = "secret"
    INTEGER = "integer"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    CHOICE = "choice"
    LIST = "list"
    OBJECT = "object"
    TEXTS = "texts"
    SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class FormField:
    """One option as a form shows it. `of_type`: it is there only for this choice of the `type` beside it."""

    name: str
    kind: FieldKind
    title: str
    help: str
    required: bool
    default: Any
    choices: tuple[str, ...] = ()
    of_type: str = ""


def form_fields(model: type[Description]) -> Iterator[FormField]:
    """The options of a type, in the order they are declared; those of a nested one as `outer.inner`."""
    for name, info in model.model_fields.items():
        inner = bare_type(info.annotation)
        if types := alternatives(info.annotation):
            yield _type_field(name, info, tuple(types))
            for type_name, kind in types.items():
                own = (field for field in form_fields(kind) if field.name != "type")
                yield from (replace(_inner(field, name, info), of_type=type_name) for field in own)
        elif isinstance(inner, type) and issubclass(inner, Description):
            yield from (_inner(field, name, info) for field in form_fields(inner))
        else:
            yield leaf_field(name, info)


def leaf_field(name: str, info: FieldInfo) -> FormField:
    """One option that is no description itself."""
    kind, choices = _kind(info)
    title = info.title or name.replace("_", " ").capitalize()
    default = _default(info, kind)
    return FormField(name, kind, title, info.description or "", info.is_required(), default, choices)


def nested_description(annotation: Any) -> type[Description] | None:
    """The description that stands in a field, also as an element of a list; None for other kinds."""
    inner = bare_type(annotation)
    if get_origin(inner) in (tuple, list, dict):
        inner = bare_type(get_args(inner)[1 if get_origin(inner) is dict else 0])
    return inner if isinstance(inner, type) and issubclass(inner, Description) else None


def _inner(field: FormField, name: str, info: FieldInfo) -> FormField:
    """A field of a nested description."""
    title = f"{info.title}: {uncapitalized(field.title)}"
    required = field.required and info.is_required()
    return replace(field, name=f"{name}.{field.name}", title=title, required=required)


def uncapitalized(text: str) -> str:
    """A text that goes on within another one; URI stays URI."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _type_field(name: str, info: FieldInfo, types: tuple[str, ...]) -> FormField:
    chosen = None if info.is_required() else info.get_default(call_default_factory=True)
    default = None if chosen is None else chosen.type
    help = info.description or ""
    required = info.is_required()
    return FormField(f"{name}.type", FieldKind.CHOICE, info.title or name, help, required, default, types)


def alternatives(annotation: Any) -> dict[str, type[Choice]]:
    """The descriptions that may stand in a field, by their types; none for a field without a choice."""
    while hasattr(annotation, "__value__") or get_origin(annotation) is Annotated:
        annotation = annotation.__value__ if hasattr(annotation, "__value__") else get_args(annotation)[0]
    kinds = [part for part in get_args(annotation) if isinstance(part, type) and issubclass(part, Choice)]
    return {kind.model_fields["type"].default: kind for kind in kinds}


def _default(info: FieldInfo, kind: FieldKind) -> Any:
    if kind in (FieldKind.SECRET, FieldKind.SECRETS) or info.is_required():
        return None
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return None
    return value.value if isinstance(value, Enum) else value


_KINDS: Final[Mapping[type, FieldKind]] = {
    bool: FieldKind.CHECKBOX,
    int: FieldKind.INTEGER,
    float: FieldKind.NUMBER,
    str: FieldKind.TEXT,
    list: FieldKind.LIST,
    tuple: FieldKind.LIST,
    frozenset: FieldKind.LIST,
    Secret: FieldKind.SECRET,
}


def _kind(info: FieldInfo) -> tuple[FieldKind, tuple[str, ...]]:
    annotation = bare_type(info.annotation)
    if _is_enum(annotation):
        return FieldKind.CHOICE, tuple(str(member.value) for member in annotation)
    origin = get_origin(annotation) or annotation
    if origin is dict:
        named = bare_type(get_args(annotation)[1])
        return {Secret: FieldKind.SECRETS, str: FieldKind.TEXTS}.get(named, FieldKind.OBJECT), ()
    if origin in (tuple, list) and (member := bare_type(get_args(annotation)[0])) and _is_enum(member):
        return FieldKind.LIST, tuple(str(each.value) for each in member)
    return _KINDS.get(origin, FieldKind.OBJECT), ()


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def is_optional(annotation: Any) -> bool:
    """Whether nothing at all may stand in a field."""
    while hasattr(annotation, "__value__") or get_origin(annotation) is Annotated:
        annotation = annotation.__value__ if hasattr(annotation, "__value__") else get_args(annotation)[0]
    return get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation)


def bare_type(annotation: Any) -> Any:
    """The type without aliases, annotations and the `None` of an optional one."""
    while True:
        if hasattr(annotation, "__value__"):
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(part for part in get_args(annotation) if part is not NoneType)
        else:
            return annotation


def option(default: Any, title: str, help: str = "", **constraints: Any) -> Any:
    """An option with its default; a type such as `dict` makes a new one each time."""
    if isinstance(default, type):
        return Field(default_factory=default, title=title, description=help, **constraints)
    if isinstance(default, Secret):  # no default for a schema to show
        return Field(default_factory=lambda: default, title=title, description=help, **constraints)
    return Field(default=default, title=title, description=help, **constraints)


def needed(title: str, help: str = "", **constraints: Any) -> Any:
    """An option that must be given."""
    return Field(title=title, description=help, **constraints)
