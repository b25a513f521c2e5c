"""OAuth 1.0a signatures as Magento 2.4 computes them, which is not quite RFC 5849.

Parameters are sorted with PHP's ``strnatcmp``; of the query only pairs with exactly one ``=`` count, the
last of repeated names, with ``+`` taken literally; the path is normalised by Laminas\\Uri first.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

_DECODED_IN_PATH = re.compile(r"[A-Za-z0-9_\-.~:@&=+$,/;%]")
_UNRESERVED = re.compile(r"[A-Za-z0-9_\-.~]")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_KEPT_IN_PATH = re.compile(r"[^A-Za-z0-9_\-.~)(:@&=+$,/;%]+|%(?![A-Fa-f0-9]{2})")
_DIGITS = "0123456789"


def header_parameters(authorization: str | None) -> dict[str, str]:
    """The ``oauth_`` parameters of an Authorization header; nothing for another scheme."""
    if not authorization or authorization[:5].lower() != "oauth":
        return {}
    found: dict[str, str] = {}
    for part in authorization[6:].split(","):
        name, equals, value = part.strip().partition("=")
        if equals and name.startswith("oauth_"):
            found[unquote(name)] = unquote(value.strip('"'))
    return found


def query_parameters(query: str) -> dict[str, str]:
    """The signed part of a raw query string; ``oauth_`` parameters belong into the header."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        pieces = pair.split("=")
        if len(pieces) == 2 and not pieces[0].startswith("oauth_"):
            found[unquote(pieces[0])] = unquote(pieces[1])
    return found


def sign(
    parameters: Mapping[str, str], method: str, url: str, consumer_secret: str, token_secret: str = ""
) -> str:
    """The HMAC-SHA256 signature in base64. ``url`` is normalised and without a query."""
    encoded = {_encode(name): _encode(value) for name, value in parameters.items()}
    names = sorted(encoded, key=functools.cmp_to_key(compare_naturally))
    pairs = "&".join(f"{name}={encoded[name]}" for name in names)
    text = "&".join((method.upper(), _encode(url), _encode(pairs)))
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _encode(text: str) -> str:
    return quote(text, safe="~")


def normalise_url(base_url: str, path: str, *, newer: bool = False) -> str:
    """Scheme, host and path as they are signed. ``newer`` releases decode unreserved characters only."""
    scheme, _, host = base_url.partition("://")
    default_port = ":443" if scheme.lower() == "https" else ":80"
    decoded = _UNRESERVED if newer else _DECODED_IN_PATH

    def decode(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if decoded.match(character) else match[0].upper()

    normal = _ENCODED.sub(decode, _without_dots(path))
    normal = _KEPT_IN_PATH.sub(lambda match: quote(match[0], safe=""), normal)
    return f"{scheme.lower()}://{host.lower().removesuffix(default_port)}{normal}"


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4: ``.`` and ``..`` are resolved."""
    kept: list[str] = []
    parts = path.split("/")
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part not in (".", ".."):
            kept.append(part)
            continue
        if part == ".." and len(kept) > 1:
            kept.pop()
        if last:
            kept.append("")
    return "/".join(kept)


def compare_naturally(left: str, right: str) -> int:
    """PHP's ``strnatcmp``: runs of digits compare as numbers, those with a leading zero digit by digit."""
    if not left or not right:
        return (len(left) > len(right)) - (len(left) < len(right))
    at, to = _skip_zeros(left), _skip_zeros(right)
    while True:
        at, to = _skip_blanks(left, at), _skip_blanks(right, to)
        one, other = left[at : at + 1], right[to : to + 1]
        if one.isdigit() and other.isdigit() and one in _DIGITS and other in _DIGITS:
            compare: Callable[[str, str], int] = (
                _compare_fractions if "0" in (one, other) else _compare_numbers
            )
            first, second = _digits(left, at), _digits(right, to)
            result = compare(first, second)
            if result:
                return result
            at, to = at + len(first), to + len(second)
            if at == len(left) or to == len(right):
                return _by_end(at == len(left), to == len(right))
            one, other = left[at], right[to]
        if one != other:
            return -1 if one < other else 1
        at, to = at + 1, to + 1
        if at >= len(left) or to >= len(right):
            return _by_end(at >= len(left), to >= len(right))


def _by_end(left_ended: bool, right_ended: bool) -> int:
    return int(right_ended) - int(left_ended)


def _skip_zeros(text: str) -> int:
    at = 0
    while text[at] == "0" and text[at + 1 : at + 2] and text[at + 1] in _DIGITS:
        at += 1
    return at


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n\r\v\f":
        at += 1
    return at


def _digits(text: str, at: int) -> str:
    end = at
    while end < len(text) and text[end] in _DIGITS:
        end += 1
    return text[at:end]


def _compare_numbers(left: str, right: str) -> int:
    if len(left) != len(right):
        return -1 if len(left) < len(right) else 1
    return (left > right) - (left < right)


def _compare_fractions(left: str, right: str) -> int:
    """Left-aligned: the first different digit decides, then the shorter run comes first."""
    return (left > right) - (left < right)
