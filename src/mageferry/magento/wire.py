"""From what a shop, or whatever stands before it, answered to one readable text.

`normalise` is pure and takes any bytes: Magento's own JSON in its several shapes, its HTML and XML error
pages, PHP's last words, and the pages of web servers, caches and firewalls in front.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from mageferry.magento.currency import strip_currency

_LIMIT_CHARACTERS: Final = 4000
_LOOK_BYTES: Final = 65_536
_RECORD = re.compile(r"Error log record number:\s*(?:<[^>]*>\s*)*([0-9A-Za-z]{1,128})")
_APPLICATION_RUN: Final = "An error has happened during application run. See exception log for details."
_TAG = re.compile(r"</?(?:a|b|br|em|i|p|span|strong|ul|li|div)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_CONTINUATION = re.compile(r"\n[ \t]+(?=\S)")
_HEADINGS = (
    re.compile(r"<h1[^>]*>(.{1,500}?)</h1>", re.IGNORECASE | re.DOTALL),
    re.compile(r"<title[^>]*>(.{1,500}?)</title>", re.IGNORECASE | re.DOTALL),
)
_XML_MESSAGE = re.compile(r"<message>\s*(?:<!\[CDATA\[)?(.{1,2000}?)(?:\]\]>)?\s*</message>", re.DOTALL)
# Pages that say the request went no further: Magento's maintenance, nginx' limit_req, HAProxy without server.
_NOT_TAKEN: Final = (
    "maintenance downtime or capacity problems",
    "no server is available to handle this request",
)
_LIMITED_BY_NGINX = re.compile(r"503 Service Temporarily Unavailable.*nginx", re.IGNORECASE | re.DOTALL)


class Origin(StrEnum):
    """Whose words the text is."""

    MAGENTO = "magento"
    OAUTH = "oauth"
    PHP = "php"
    PAGE = "page"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class WireError:
    """A readable answer.

    `message` is the text with its placeholders filled; `template` Magento's own text before that;
    `parameters` what belongs to it; `not_taken` whether the server said that it did not even begin.
    """

    message: str
    origin: Origin
    template: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    not_taken: bool = False


def normalise(status: int, content_type: str, body: bytes) -> WireError:
    """The readable text of an answer that is not a success. Never raises, whatever the bytes."""
    text = body[:_LOOK_BYTES].decode("utf-8", "replace").strip("\ufeff \t\r\n")
    if not text:
        return WireError(f"The server answered {_named(status)} with an empty body", Origin.NOTHING)
    return (
        _from_json(status, body)
        or _from_oauth(text)
        or _from_record(text)
        or _from_xml(content_type, text)
        or _from_page(status, text)
    )


def _from_json(status: int, body: bytes) -> WireError | None:
    try:
        decoded = orjson.loads(body.strip(b"\xef\xbb\xbf \t\r\n"))
    except orjson.JSONDecodeError:
        return None
    if isinstance(decoded, str) and decoded.strip():
        return WireError(_tidy(decoded), Origin.MAGENTO, template=decoded)
    if isinstance(decoded, dict):
        return _from_object(decoded) or _from_messages(decoded) or _without_text(status)
    return _without_text(status)


def _without_text(status: int) -> WireError:
    return WireError(f"The server answered {_named(status)} without a message", Origin.NOTHING)


def _from_object(decoded: dict[str, Any]) -> WireError | None:
    """`{"message": ..., "parameters": ..., "errors": [...]}`; `trace` is never looked at."""
    template = decoded.get("message")
    if not isinstance(template, str) or not template.strip():
        return None
    parameters = _parameters(decoded.get("parameters"))
    lines = [fill(template, parameters)]
    errors = decoded.get("errors")
    for nested in errors if isinstance(errors, list) else ():
        line = _nested(nested)
        # Inventory's validation repeats its only error within the message.
        if line and all(line not in earlier for earlier in lines):
            lines.append(line)
    return WireError(_tidy("\n".join(lines)), Origin.MAGENTO, template, parameters)


def _nested(error: object) -> str:
    if isinstance(error, str):
        return error
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return fill(error["message"], _parameters(error.get("parameters")))
    return ""


def _from_messages(decoded: dict[str, Any]) -> WireError | None:
    """`{"messages": {"error": [{"code": 500, "message": ...}]}}`: PHP died and the error handler spoke."""
    messages = decoded.get("messages")
    errors = messages.get("error") if isinstance(messages, dict) else None
    lines = [line for line in map(_nested, errors if isinstance(errors, list) else ()) if line.strip()]
    return WireError(_tidy("\n".join(lines)), Origin.PHP) if lines else None


def _from_oauth(text: str) -> WireError | None:
    """`oauth_problem=...`, form encoded and labelled as HTML."""
    if not text.startswith("oauth_problem="):
        return None
    problem = parse_qs(text[:_LIMIT_CHARACTERS], max_num_fields=None).get("oauth_problem", [""])[0].strip()
    return WireError(_tidy(problem or "OAuth problem without a text"), Origin.OAUTH, template=problem)


def _from_record(text: str) -> WireError | None:
    match = _RECORD.search(text)
    if match:
        message = (
            f"There has been an error processing your request. Error log record number: {match.group(1)}"
        )
        return WireError(message, Origin.PHP)
    # With the database down half an HTML page comes as text/plain, with this in the middle.
    return WireError(_APPLICATION_RUN, Origin.PHP) if _APPLICATION_RUN in text else None


def _from_xml(content_type: str, text: str) -> WireError | None:
    if "xml" not in content_type.lower() and not text.startswith("<?xml"):
        return None
    lines = [html.unescape(found) for found in _XML_MESSAGE.findall(text)]
    return WireError(_tidy("\n".join(lines)), Origin.MAGENTO, template=lines[0]) if lines else None


def _from_page(status: int, text: str) -> WireError:
    lower = text.lower()
    not_taken = any(words in lower for words in _NOT_TAKEN) or bool(_LIMITED_BY_NGINX.search(text[:2000]))
    if "<html" not in lower and "<!doctype" not in lower and "<h1" not in lower:
        return WireError(_tidy(_one_line(text)[:500]), Origin.PAGE, not_taken=not_taken)
    heading = next((_one_line(match.group(1)) for look in _HEADINGS if (match := look.search(text))), "")
    said = f": {heading}" if heading else ""
    return WireError(
        f"The server answered {_named(status)} with an HTML page{said}", Origin.PAGE, not_taken=not_taken
    )


def fill(template: str, parameters: Mapping[str, str]) -> str:
    """Magento's text with `%1` and `%fieldName` replaced; a `%` that is no placeholder stays.

    Like PHP's `strtr`, the longest name wins: `%fieldName` before `%field`, `%10` before `%1`.
    """
    if not parameters or "%" not in template:
        return template
    names = sorted(parameters, key=len, reverse=True)
    pattern = re.compile("%(" + "|".join(re.escape(name) for name in names) + ")")
    return pattern.sub(lambda match: strip_currency(parameters[match.group(1)]), template)


def _parameters(given: object) -> dict[str, str]:
    """Parameters by placeholder name: a list counts from 1, an object has names."""
    if isinstance(given, list):
        return {str(index): _text(value) for index, value in enumerate(given, start=1)}
    if isinstance(given, dict):
        return {str(name): _text(value) for name, value in given.items() if name}
    return {}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return "" if value is None else orjson.dumps(value).decode()


def _tidy(text: str) -> str:
    # An indented line goes on with the one before it, as in Magento's own source.
    text = _CONTINUATION.sub(" ", text)
    lines = (" ".join(html.unescape(_TAG.sub("", line)).split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)[:_LIMIT_CHARACTERS] or "An error without a text"


def _one_line(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^<>]{0,200}>", " ", text)).split())


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
