"""What a person enters in a form for the options of a type, as options, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from mageferry.http.config import FieldKind, FormField, form_fields
from mageferry.http.config.described import Typed
from mageferry.http.redaction import MASK, Secret
from mageferry.hub.pipelines.options import find_problems, kept, masked, secret_names

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class TypedSecret:
    """A password box as it came back: what was typed, and whether the stored one is to go."""

    text: str = ""
    remove: bool = False


@dataclass(slots=True)
class Entry:
    """A form's values for one type. Kind by kind of option: text, bool, TypedSecret, or pairs of name and text.

    `reload`: the person only asked for the options of another type, without JavaScript.
    """

    type_name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    reload: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The options of an entry, complete with kept secrets, and what is wrong with them by option."""

    options: dict[str, Any]
    problems: dict[str, str]


def read_entry(kind: type[Typed], entry: Entry, stored: Secret) -> Reading:
    """Options out of a form. `stored`: the secrets of the record, if it is of this type already."""
    options: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for form_field in form_fields(kind):
        try:
            value = _READERS[form_field.kind](form_field, entry.values.get(form_field.name))
        except ValueError as error:
            problems[form_field.name] = str(error)
            continue
        if value is not _NOTHING:
            _put(options, form_field.name, value)
    _drop_empty_groups(kind, options)
    options = _without_masks(kept(options, stored))
    for name, text in find_problems(kind, options):
        # A list's own items and an object's own names are shown at the option.
        owner = next((each.name for each in form_fields(kind) if name.startswith(each.name)), "")
        within = name.removeprefix(owner).lstrip(".")
        problems.setdefault(owner, f"{within}: {text}" if owner and within else text)
    return Reading(options if problems else _tidy(kind, options), problems)


def entry_of(kind: type[Typed], settings: Mapping[str, Any], secrets: Secret) -> Entry:
    """What a form shows of a record: its options, and which secrets there are."""
    options = masked(settings, secrets)
    values = {each.name: _shown(each, _get(options, each.name, each.default)) for each in form_fields(kind)}
    return Entry(kind.type_name, values)


def empty_entry(kind: type[Typed]) -> Entry:
    """What a form shows for a new one: the defaults."""
    return Entry(kind.type_name, {each.name: _shown(each, each.default) for each in form_fields(kind)})


def _shown(form_field: FormField, value: Any) -> Any:
    match form_field.kind:
        case FieldKind.CHECKBOX:
            return bool(value)
        case FieldKind.SECRET:
            return value == MASK
        case FieldKind.SECRETS:
            return sorted(value or {})
        case FieldKind.TEXTS:
            return "\n".join(f"{name}: {text}" for name, text in (value or {}).items())
        case FieldKind.OBJECT:
            return "" if value in (None, {}) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        case FieldKind.LIST:
            return [str(each) for each in value or ()]
    return "" if value is None else str(value)


def _read_text(form_field: FormField, value: Any) -> Any:
    text = str(value or "")
    # A blank at the end may be meant, as in the prefix of a token.
    if not str(form_field.default or "").endswith(" "):
        text = text.strip()
    return _NOTHING if not text and not form_field.default else text


def _read_number(form_field: FormField, value: Any) -> Any:
    return str(value).strip() if value not in (None, "") and str(value).strip() else _NOTHING


def _read_checkbox(form_field: FormField, value: Any) -> Any:
    return bool(value)


def _read_list(form_field: FormField, value: Any) -> Any:
    texts = value if isinstance(value, list) else str(value or "").split(",")
    return [text.strip() for text in texts if text.strip()]


def _read_object(form_field: FormField, value: Any) -> Any:
    text = str(value or "").strip()
    if not text:
        return _NOTHING
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"this is no JSON (line {error.lineno}, column {error.colno})") from None


def _read_texts(form_field: FormField, value: Any) -> Any:
    found: dict[str, str] = {}
    for line in str(value or "").splitlines():
        name, colon, text = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip():
            raise ValueError("write one name: value on each line")
        found[name.strip()] = text.strip()
    return found or _NOTHING


def _read_secret(form_field: FormField, value: Any) -> Any:
    typed = value if isinstance(value, TypedSecret) else TypedSecret()
    if typed.remove and not typed.text:
        return _NOTHING
    return typed.text or MASK


def _read_secrets(form_field: FormField, value: Any) -> Any:
    found = {name.strip(): text or MASK for name, text in value or [] if name.strip()}
    return found or _NOTHING


_READERS: Final[Mapping[FieldKind, Callable[[FormField, Any], Any]]] = {
    FieldKind.TEXT: _read_text,
    FieldKind.CHOICE: _read_text,
    FieldKind.INTEGER: _read_number,
    FieldKind.NUMBER: _read_number,
    FieldKind.CHECKBOX: _read_checkbox,
    FieldKind.LIST: _read_list,
    FieldKind.OBJECT: _read_object,
    FieldKind.TEXTS: _read_texts,
    FieldKind.SECRET: _read_secret,
    FieldKind.SECRETS: _read_secrets,
}


def _put(options: dict[str, Any], path: str, value: Any) -> None:
    outer, dot, inner = path.partition(".")
    if dot:
        options.setdefault(outer, {})[inner] = value
    else:
        options[path] = value


def _get(options: Mapping[str, Any], path: str, default: Any) -> Any:
    outer, dot, inner = path.partition(".")
    if dot:
        return (options.get(outer) or {}).get(inner, default)
    return options.get(path, default)


def _drop_empty_groups(kind: type[Typed], options: dict[str, Any]) -> None:
    """A nested option that may be left out is left out while its first field, such as a name, is empty."""
    for form_field in form_fields(kind):
        outer, dot, inner = form_field.name.partition(".")
        if dot and outer in options and form_field.default is None and inner not in options[outer]:
            del options[outer]


def _without_masks(options: dict[str, Any]) -> dict[str, Any]:
    """Without the secrets that nothing was typed or stored for."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, dict) and MASK in value.values():
            value = {inner: text for inner, text in value.items() if text != MASK}
        if value != MASK:
            found[name] = value
    return found


def _tidy(kind: type[Typed], options: dict[str, Any]) -> dict[str, Any]:
    """The options with the types they are read as, without those that say what holds anyway."""
    read = kind.model_validate(options).options(reveal=True)
    defaults = {each.name: each.default for each in form_fields(kind)}
    return dict(_telling(read, defaults, set(secret_names(kind))))


def _telling(
    read: dict[str, Any], defaults: Mapping[str, Any], secrets: set[str]
) -> Iterator[tuple[str, Any]]:
    for name, value in read.items():
        default = defaults.get(name)
        if isinstance(default, tuple):
            default = [str(each) for each in default]
        if name in secrets or name not in defaults or value != default:
            yield name, value
