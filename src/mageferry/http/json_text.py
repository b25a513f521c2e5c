"""Values as JSON: decimals as the numbers they are, to the last digit; a Secret is refused, not masked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import orjson

from mageferry.http.redaction import Secret

_WRITTEN_OUT: Final = 40


def json_bytes(value: Any) -> bytes:
    """The value as JSON. Raises TypeError for what JSON has no form for (orjson.JSONEncodeError is one)."""
    return orjson.dumps(value, default=_written)


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError("a number that is not finite")
        # 1E+999999 is a JSON number too, and its digits would fill the memory.
        return orjson.Fragment(format(value, "f") if abs(value.adjusted()) <= _WRITTEN_OUT else str(value))
    raise TypeError("a secret" if isinstance(value, Secret) else type(value).__name__)


def json_copy(value: Any) -> Any:
    """A copy in which nothing is shared with the original: objects and lists anew, all else as it is."""
    if isinstance(value, dict):
        return {name: json_copy(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_copy(item) for item in value]
    return value
