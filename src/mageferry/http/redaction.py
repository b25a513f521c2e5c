"""Where secrets are kept from view: one secret type, and the masking for every log and error."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn, Self
from urllib.parse import quote, quote_plus, unquote_plus

import orjson

MASK = "********"
_SHORTEST_MASKED = 4

_WORDS = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?"
    r"|authorization|authentication|cookie|session(?:id|[_-]id)?|phpsessid|signature|otp|totp|jwt|nonce|verifier"
    r"|client[_-]?assertion|assertion|consumer[_-]?key"
)
_SECRET_NAME = re.compile(rf"(?i)(?:^|[^a-z])(?:{_WORDS})s?(?:$|[^a-z])")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*){1,3}")
# In text that does not parse: "name": "value" and name=value, also when the value is cut off at the end.
_QUOTED_FIELD = re.compile(r'"((?:[^"\\]|\\.){1,80})"(\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^\s,}\]]+)')
_FORM_FIELD = re.compile(r"(^|[?&;\s])([^=&?;\s]{1,80})=([^&;\s]*)")
_XML_FIELD = re.compile(r"<([\w:.-]{1,80})>([^<]*)(?=<|$)")
_BARE_STRING = re.compile(r'\s*"[^"\s]{16,}"?\s*$')
_SAFE_HEADERS = frozenset({"access-control-allow-credentials"})


class Secret:
    """A text that no log, `repr`, format, JSON encoder or pickle shows; `reveal()` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str | Secret) -> None:
        self._text: str = text._text if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """The text itself; call it at the last moment and do not keep the result."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret is not pickled: pass the place where it is kept instead")


@lru_cache(4096)
def is_secret_name(name: str) -> bool:
    """Whether a header, field or parameter of this name is secret (`admin_token`, `consumerSecret`)."""
    return name.lower() not in _SAFE_HEADERS and bool(_SECRET_NAME.search(_CAMEL.sub("_", name)))


def redact_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers with secrets masked; an authorization keeps its scheme (`Bearer ********`)."""
    return [(name, _redact_header(name, value)) for name, value in headers]


def _redact_header(name: str, value: str) -> str:
    if name.lower() in ("authorization", "proxy-authorization"):
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {MASK}" if rest else MASK
    if is_secret_name(name):
        return MASK
    return redact_url(value) if "://" in value else _JWT.sub(MASK, value)


def redact_url(url: str) -> str:
    """The URL without user info and with secret query parameters masked."""
    before, question, query = url.partition("?")
    scheme, mark, rest = before.partition("://")
    if mark:
        authority, slash, path = rest.partition("/")
        before = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    return _JWT.sub(MASK, before + question + _redact_form(query))


def redact_json(value: Any) -> Any:
    """A copy of decoded JSON with the values of secret names masked, at any depth."""
    if isinstance(value, dict | Mapping):
        return {
            key: MASK if is_secret_name(str(key)) and not isinstance(item, bool | None) else redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_json(item) for item in value]
    return _redact_value(value) if isinstance(value, str) else value


def _redact_value(text: str) -> str:
    """A text within JSON: servers quote in their messages what they were told, as it was written."""
    # Most texts are names and numbers: a look at their characters is cheaper than four patterns.
    return redact_text(text) if any(mark in text for mark in ("=", '"', "<", "eyJ")) else text


def mask_secrets(text: str, secrets: Iterable[Secret]) -> str:
    """The text with these very values masked, as they are and as they are written in addresses and JSON."""
    for secret in secrets:
        value = secret.reveal()
        # Of a shorter one every other letter would be masked.
        if len(value) < _SHORTEST_MASKED:
            continue
        for written in {value, quote(value, safe=""), quote_plus(value), orjson.dumps(value).decode()[1:-1]}:
            text = text.replace(written, MASK)
    return text


def redact_body(body: bytes, content_type: str = "", *, private: bool = False) -> str:
    """A body as text for a log: JSON and forms by field, other text by pattern; `private` masks it whole.

    Text that does not parse (cut off, mislabelled) is masked by pattern, so a broken body hides as much.
    """
    if private and body.strip():
        return MASK
    text = body.decode("utf-8", "replace")
    if "form-urlencoded" in content_type:
        return _redact_form(text)
    if text.lstrip()[:1] in ("{", "[", '"'):
        try:
            decoded = orjson.loads(body)
        except orjson.JSONDecodeError:
            return redact_text(text)
        # A bare string is what token endpoints answer with.
        if isinstance(decoded, str) and _BARE_STRING.fullmatch(text):
            return f'"{MASK}"'
        return orjson.dumps(redact_json(decoded)).decode()
    return redact_text(text)


def redact_text(text: str) -> str:
    """Free text with JSON fields, form fields, XML elements and JSON web tokens masked by their look."""
    if _BARE_STRING.match(text):
        return f'"{MASK}"'
    text = _QUOTED_FIELD.sub(_mask_quoted, text)
    text = _FORM_FIELD.sub(_mask_form, text)
    text = _XML_FIELD.sub(_mask_xml, text)
    return _JWT.sub(MASK, text)


def _redact_form(text: str) -> str:
    return _JWT.sub(MASK, _FORM_FIELD.sub(_mask_form, text))


def _mask_quoted(match: re.Match[str]) -> str:
    name = match.group(1)
    return f'"{name}"{match.group(2)}"{MASK}"' if is_secret_name(name) else match.group(0)


def _mask_form(match: re.Match[str]) -> str:
    name = match.group(2)
    return f"{match.group(1)}{name}={MASK}" if is_secret_name(unquote_plus(name)) else match.group(0)


def _mask_xml(match: re.Match[str]) -> str:
    name = match.group(1)
    return f"<{name}>{MASK}" if is_secret_name(name) else match.group(0)
