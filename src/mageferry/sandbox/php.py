"""PHP's view of values: what a query string, a number and a cast mean to Magento.

Magento reads ``$_GET`` and JSON bodies into PHP arrays and casts them with ``settype``. The rules here
are PHP 8's (https://www.php.net/manual/en/language.types.numeric-strings.php); Magento's own rules live
in ``arguments``.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import unquote_to_bytes

type Value = str | int | float | bool | list[Value] | dict[str, Value] | None

MAX_INT = 2**63 - 1
_INT_DIGITS = 20
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*\Z", re.ASCII)
_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_KEY = re.compile(r"\A([^\[]+)((?:\[[^\]]*\])*)")
_INDEX = re.compile(r"\[([^\]]*)\]")


def url_decode(text: str) -> str:
    """PHP's ``urldecode``: ``+`` is a space, bytes that are not UTF-8 become the replacement character."""
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def parse_query(query: str) -> dict[str, Value]:
    """A raw query string as PHP's ``$_GET``: ``a[b][]=1`` nests, the last of repeated names wins."""
    root: dict[str, Value] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        match = _KEY.match(url_decode(name).lstrip(" "))
        if match:
            head = re.sub(r"[ .]", "_", match[1])
            _assign(root, [head, *_INDEX.findall(match[2])], url_decode(value))
    return root


def _assign(root: dict[str, Value], path: list[str], value: str) -> None:
    node = root
    for part in path[:-1]:
        key = part if part != "" else _next_index(node)
        child = node.get(key)
        if not isinstance(child, dict):
            child = {}
            node[key] = child
        node = child
    node[path[-1] if path[-1] != "" else _next_index(node)] = value


def _next_index(node: dict[str, Value]) -> str:
    return str(max((int(key) for key in node if key.isdecimal()), default=-1) + 1)


def is_array(value: Value) -> bool:
    return isinstance(value, list | dict)


def members(value: Value) -> list[Value]:
    """The elements of a PHP array, list or map alike; nothing for a scalar."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def is_empty(value: Value) -> bool:
    """PHP's ``empty()``."""
    return value in (None, False, 0, "", "0") or value == [] or value == {}


def is_numeric(value: Value) -> bool:
    """PHP's ``is_numeric``: booleans are not, a string may be padded with blanks."""
    if isinstance(value, str):
        return bool(_NUMERIC.match(value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def to_int(value: Value) -> int:
    """``(int)``: fractions are cut, what does not fit is clamped."""
    if isinstance(value, str):
        match = _LEADING_NUMBER.match(value)
        if not match:
            return 0
        number = Decimal(match[1])
        if number.adjusted() > _INT_DIGITS:
            return MAX_INT if number > 0 else -MAX_INT - 1
        return max(-MAX_INT - 1, min(MAX_INT, int(number)))
    if isinstance(value, int | float):
        return max(-MAX_INT - 1, min(MAX_INT, int(value)))
    return int(not is_empty(value))


def to_number(value: Value) -> int | float:
    """``(float)``, as JSON shows it: a whole number has no fraction."""
    if isinstance(value, str):
        match = _LEADING_NUMBER.match(value)
        value = float(match[1]) if match else 0.0
    number = float(value) if isinstance(value, int | float) else float(not is_empty(value))
    if not math.isfinite(number):
        # PHP could not show it either: json_encode fails on infinity.
        return 0
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def to_string(value: Value) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if is_array(value):
        return "Array"
    return str(to_number(value)) if isinstance(value, float) else str(value)


def to_bool(value: Value) -> bool:
    """``filter_var(..., FILTER_VALIDATE_BOOLEAN)``: only 1, true, on and yes are true."""
    return to_string(value).strip().lower() in ("1", "true", "on", "yes")


def round_to(value: Value, places: int) -> int | float:
    """Half away from zero, as MariaDB's DECIMAL columns and PHP's ``round`` do."""
    number = Decimal(str(to_number(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return to_number(float(number))
