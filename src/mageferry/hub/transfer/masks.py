"""Documents without their masks, with them again, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from mageferry.http.redaction import MASK

_SHOWN: Final = 60
_NOTHING: Final = object()


def without_masks(value: Any, hidden: list[str], path: str = "") -> Any:
    """A copy without what is masked; the places of that are added to `hidden`."""
    if isinstance(value, dict):
        found = {}
        for name, item in value.items():
            below = f"{path}.{name}".lstrip(".")
            if item == MASK:
                hidden.append(below)
            else:
                found[name] = without_masks(item, hidden, below)
        return found
    if isinstance(value, list):
        return [without_masks(item, hidden, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def with_masks(given: Any, before: Any) -> Any:
    """A copy with the masks that stand in `before` and that are left out here: what is stored there is kept."""
    if isinstance(given, dict) and isinstance(before, dict):
        found = {name: with_masks(item, before.get(name)) for name, item in given.items()}
        left_out = {name: MASK for name, item in before.items() if item == MASK and name not in found}
        return {**found, **left_out}
    if isinstance(given, list) and isinstance(before, list):
        pairs = zip(given, [*before, *[None] * len(given)], strict=False)
        return [with_masks(item, old) for item, old in pairs]
    return given


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """A line for each place that differs: `settings.request.path: "/a" -> "/b"`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            below = f"{path}.{name}".lstrip(".")
            yield from differences(before.get(name, _NOTHING), after.get(name, _NOTHING), below)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{path}[{index}]")
    elif type(before) is not type(after) or before != after:
        yield f"{path}: {_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = orjson.dumps(value, default=str).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
