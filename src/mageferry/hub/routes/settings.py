"""Settings of incomings and outgoings: read and checked by their types, their secrets kept apart.

In `settings` each secret is the mask; `secrets` has them by place. A mask given back means: keep what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from mageferry.http.config import ConfigError, Problem
from mageferry.http.config.validation import validate
from mageferry.http.redaction import MASK, Secret, is_secret_name
from mageferry.hub.exchange import KINDS
from mageferry.hub.pipelines.models import packed, unpacked
from mageferry.hub.routes.end_types import NEEDS, description_type
from mageferry.hub.routes.models import Incoming, IncomingType, Outgoing
from mageferry.hub.security.encryption import UnreadableSecret


def description_of(record: Incoming | Outgoing) -> Any:
    """The settings of a record, secrets in plain, as its type describes them. Raises ConfigError with all problems."""
    return validate(description_type(record), _whole(record, revealed(record)), "")


def revealed(record: Incoming | Outgoing) -> dict[str, Any]:
    """The settings with their secrets: never to be shown. Raises ConfigError."""
    try:
        stored = unpacked(record.secrets)
    except UnreadableSecret as error:
        raise ConfigError([Problem("secrets", str(error))]) from None
    joined = _filled(record.settings, stored, "")
    return joined if isinstance(joined, dict) else {}


def secrets_of(record: Incoming | Outgoing) -> tuple[Secret, ...]:
    """The secrets among the settings, for masking what is shown; none where they can't be read."""
    try:
        return tuple(Secret(str(text)) for text in unpacked(record.secrets).values())
    except UnreadableSecret:
        return ()


def put_settings(record: Incoming | Outgoing, given: Mapping[str, Any], *, whole: bool = True) -> None:
    """Give a record other settings; the mask stands for the secret that is stored at the same place.

    `whole=False`: needed secrets may still be missing, as after an import. Raises ConfigError with all problems, each
    with its field; nothing is changed then.
    """
    try:
        stored = unpacked(record.secrets)
    except UnreadableSecret:
        stored = {}
    joined = _filled(dict(given), stored, "")
    missing = [] if whole else missing_secrets(record, joined)
    stand_in = _with_stand_ins(joined, missing)
    described = validate(description_type(record), _whole(record, stand_in), "")
    problems = list(_plain_secrets(given))
    if problems:
        raise ConfigError(problems)
    secrets: dict[str, Any] = {}
    settings = _separated(stand_in, described.options(), "", secrets)
    for path in missing:
        _at(settings, path[:-1]).pop(path[-1])
        secrets.pop("".join(f"/{part}" for part in path))
    settings.pop("transformers", None)
    record.settings, record.secrets = settings, packed(secrets)


def missing_secrets(record: Incoming | Outgoing, settings: Mapping[str, Any]) -> list[tuple[str | int, ...]]:
    """Where secrets are needed that the settings don't have."""
    described = description_type(record)
    try:
        validate(described, _whole(record, settings), "")
    except ConfigError as error:
        missing = [_parts(each.path) for each in error.problems if each.message == "is missing"]
    else:
        return []
    try:
        shown = validate(described, _whole(record, _with_stand_ins(settings, missing)), "").options()
    except ConfigError:
        # There is more to be mended, which is told when they are stored.
        return []
    return [path for path in missing if _at(shown, path) == MASK]


# Long enough, and right as text, hex and base64.
_STAND_IN: Final = "0" * 64
_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def _parts(path: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name for index, name in _PART.findall(path))


def _with_stand_ins(settings: Mapping[str, Any], missing: Iterable[tuple[str | int, ...]]) -> dict[str, Any]:
    copy = deepcopy(dict(settings))
    for path in missing:
        owner = _at(copy, path[:-1])
        if isinstance(owner, dict):
            owner[path[-1]] = _STAND_IN
    return copy


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        inside = isinstance(value, dict) and part in value
        inside = inside or (isinstance(value, list) and isinstance(part, int) and part < len(value))
        value = value[part] if inside else None
    return value


def find_problems(record: Incoming | Outgoing) -> list[Problem]:
    """What keeps a record from being used; nothing when it is ready."""
    problems = list(missing_records(record))
    try:
        description_of(record)
    except ConfigError as error:
        problems += error.problems
    return problems


def missing_records(record: Incoming | Outgoing) -> Iterator[Problem]:
    """Clients, storages and accounts that its type needs and that it has none of."""
    for name in needed_records(record):
        if getattr(record, f"{name}_id") is None:
            title = {"client": "an HTTP client", "storage": "a storage", "account": "an account"}[name]
            yield Problem(name, f"{title} is needed", "Choose one.")


def needed_records(record: Incoming | Outgoing) -> tuple[str, ...]:
    """Which of client, storage and account its type needs."""
    if record.type == IncomingType.HUB:
        kind = KINDS.get(record.settings.get("entity", ""))
        return ("account",) if kind is not None and kind.of_account else ()
    return NEEDS.get(record.type, ())


def _whole(record: Incoming | Outgoing, settings: Any) -> Any:
    """An HTTP incoming's transformers stand in a field of their own, and are read with its settings."""
    if isinstance(record, Incoming) and record.type == IncomingType.HTTP and isinstance(settings, dict):
        return {**settings, "transformers": record.transformers}
    return settings


def _filled(value: Any, stored: Mapping[str, Any], path: str) -> Any:
    """With what is stored in place of every mask; a mask without anything stored is left out."""
    if isinstance(value, Mapping):
        found = {name: _filled(item, stored, f"{path}/{name}") for name, item in value.items()}
        return {name: item for name, item in found.items() if item != MASK}
    if isinstance(value, list | tuple):
        return [_filled(item, stored, f"{path}/{index}") for index, item in enumerate(value)]
    if isinstance(value, Secret):
        return value.reveal()
    return stored.get(path, value) if value == MASK else value


def _separated(given: Any, shown: Any, path: str, secrets: dict[str, Any]) -> Any:
    """What was given, with masks where its description shows masks; what stands there goes to `secrets`."""
    if shown == MASK and given != MASK and isinstance(given, str):
        secrets[path] = given
        return MASK
    if isinstance(given, Mapping) and isinstance(shown, Mapping):
        return {
            name: _separated(item, shown.get(name), f"{path}/{name}", secrets) for name, item in given.items()
        }
    if isinstance(given, list) and isinstance(shown, list):
        return [
            _separated(item, shown[index] if index < len(shown) else None, f"{path}/{index}", secrets)
            for index, item in enumerate(given)
        ]
    return given


def _plain_secrets(given: Any, path: str = "") -> Iterator[Problem]:
    """Secrets that were entered where everybody sees them: in the headers, query or body of a request."""
    if isinstance(given, list):
        for index, item in enumerate(given):
            yield from _plain_secrets(item, f"{path}[{index}]")
    if not isinstance(given, Mapping):
        return
    is_sent = any(f".{part}." in f".{path}." for part in ("headers", "query", "body"))
    for name, item in given.items():
        below = f"{path}.{name}".lstrip(".")
        if is_sent and _looks_secret(str(name), item):
            remedy = "Make it a secret global value and write @{globals.NAME}, or sign in by the client."
            yield Problem(below, f"{name} names a secret, which everybody would see here", remedy)
        yield from _plain_secrets(item, below)


def _looks_secret(name: str, value: Any) -> bool:
    return (
        is_secret_name(name)
        and isinstance(value, str)
        and bool(value)
        and not any(mark in value for mark in ("&{", "?{", "@{", "${"))
    )
