"""JSON and forms."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import orjson

from mageferry.http.subscriber.errors import Place, TooLarge, UnreadableAnswer
from mageferry.http.subscriber.formats.limits import Limits, decoded_text, encoding_of

# orjson makes floats of whole numbers beyond 64 bits; identifiers would lose their last digits.
_LONG_NUMBER = b"0" * 19
_HALF = re.compile("[\ud800-\udfff]")
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")


def decode_json(content: bytes, charset: str, limits: Limits) -> Any:
    """The document. Raises UnreadableAnswer with the line, and TooLarge."""
    encoding = encoding_of(content, charset)
    text = content if encoding == "utf-8" else decoded_text(content, encoding).encode("utf-8", "replace")
    try:
        data = _loads(text)
    except RecursionError:
        limits.check_depth(limits.depth + 1)
        raise
    except json.JSONDecodeError as error:
        if "depth limit" in error.msg:  # of orjson itself: 1024
            limits.check_depth(limits.depth + 1)
        raise UnreadableAnswer(
            f"The answer is no JSON: {error.msg}, column {error.colno}",
            remedy=_json_remedy(text),
            place=Place(line=error.lineno),
        ) from None
    except ValueError as error:
        raise UnreadableAnswer(
            f"The answer is no JSON: {error}", remedy="Look at what the server answers."
        ) from None
    limits.check_nesting(data)
    return data


def _loads(text: bytes) -> Any:
    if _LONG_NUMBER in text.translate(_DIGITS_AS_ZEROS):
        return _loads_exactly(text)
    try:
        return orjson.loads(text)
    except json.JSONDecodeError as error:
        if "surrogate" not in error.msg:
            raise
        # Bytes that are no UTF-8, which is said so; or half of a character somewhere, which must not block the rest.
        return _loads_exactly(text)


def _loads_exactly(text: bytes) -> Any:
    return _whole(json.loads(decoded_text(text, "utf-8"), parse_constant=_refuse_constant))


def _whole(value: Any) -> Any:
    """With a replacement character for each half of a surrogate pair: such a text can't be encoded anywhere."""
    if isinstance(value, str):
        if not _HALF.search(value):
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return {_whole(name): _whole(item) for name, item in value.items()} if isinstance(value, dict) else value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _json_remedy(text: bytes) -> str:
    start = text.lstrip()[:1]
    if not start:
        return "The answer is empty: check the path and the method."
    if start == b"<":
        return "It looks like HTML or XML: check the address, or choose XML as the format."
    return "Look at what the server answers, or choose another format."


def decode_form(content: bytes, charset: str, limits: Limits) -> dict[str, Any]:
    """Fields as an object; of a name that comes several times, or as `name[]`, a list."""
    text = decoded_text(content, encoding_of(content, charset)).strip()
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=min(limits.items, limits.elements)
        )
    except UnicodeDecodeError:
        raise UnreadableAnswer(
            "A field of the form is no UTF-8 text", remedy="Have the sender encode it as UTF-8."
        ) from None
    except ValueError:
        raise TooLarge(
            f"The form has more than {limits.items:,} fields", remedy="Raise limits.items if that is meant."
        ) from None
    if not text or not any("=" in part for part in text.split("&")):
        raise UnreadableAnswer(
            "The answer is no form: there is no name=value in it", remedy="Choose another format."
        )
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {
        name.removesuffix("[]"): values if len(values) > 1 or name.endswith("[]") else values[0]
        for name, values in found.items()
    }
