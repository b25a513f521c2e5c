"""Targets: where in an entity a value is put, `items[0].sku`.

a.b         fields; one with other characters than letters, digits, _ and - stands in quotes: "odd name"
a[0], a.0   an element of a list, at most one behind the last
a[]         a new element behind the last
@           the entity itself
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Self

_PART = re.compile(r'\.?(?:\[(\d{0,6})\]|(\d{1,6})(?=[.\[]|\Z)|([\w-]+)|"((?:[^"\\]|\\["\\])+)")')
_APPEND: Final = -1

type _Key = str | int


class TargetError(ValueError):
    """The entity has something else where the target leads; the text never quotes data."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place in an entity; no parts for the entity itself."""

    text: str
    parts: tuple[_Key, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a target. Raises ValueError naming the character that does not fit."""
        if text == "@":
            return cls(text, ())
        parts: list[_Key] = []
        at = 0
        while at < len(text):
            match = _PART.match(text, at)
            begins_well = match is not None and (
                match.group(0).startswith((".", "[")) == bool(at) or _is_index(match)
            )
            if match is None or not begins_well or (at and not match.group(0).startswith((".", "["))):
                raise ValueError(f'character {at + 1} does not fit: write items[0].sku, or "odd name".x')
            parts.append(_key(match))
            at = match.end()
        if not parts:
            raise ValueError("a target is missing: write items[0].sku, or @ for the entity itself")
        return cls(text, tuple(parts))

    def put(self, entity: Any, value: Any) -> Any:
        """The entity with the value, changed in place; missing objects and lists on the way are made.

        Raises TargetError where something else is in the way.
        """
        if not self.parts:
            return value
        here = entity
        for index, part in enumerate(self.parts[:-1]):
            found = _look(here, part, self._until(index))
            if found is None:
                found = [] if isinstance(self.parts[index + 1], int) else {}
                _set(here, part, found, self._until(index))
            here = found
        _set(here, self.parts[-1], value, self._until(len(self.parts) - 1))
        return entity

    def take(self, entity: Any) -> tuple[bool, Any]:
        """Remove what is there: whether there was something, and what."""
        if not self.parts:
            raise TargetError("the entity itself cannot be removed")
        here = entity
        for part in self.parts[:-1]:
            here = _get(here, part)
        last = self.parts[-1]
        if isinstance(here, dict) and last in here:
            return True, here.pop(last)
        if isinstance(here, list) and isinstance(last, int) and 0 <= last < len(here):
            return True, here.pop(last)
        return False, None

    def _until(self, index: int) -> str:
        """The target up to a part, for messages."""
        written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.parts[:index])
        return written.lstrip(".") or "the entity"


def _is_index(match: re.Match[str]) -> bool:
    return match.group(1) is not None


def _key(match: re.Match[str]) -> _Key:
    bracket, number, name, quoted = match.groups()
    if bracket is not None:
        return int(bracket) if bracket else _APPEND
    if number is not None:
        return int(number)
    return str(name) if name is not None else re.sub(r"\\(.)", r"\1", quoted)


def _get(here: Any, part: _Key) -> Any:
    if isinstance(here, dict):
        return here.get(part) if isinstance(part, str) else None
    if isinstance(here, list) and isinstance(part, int) and 0 <= part < len(here):
        return here[part]
    return None


def _look(here: Any, part: _Key, where: str) -> Any:
    _check(here, part, where)
    return _get(here, part)


def _set(here: Any, part: _Key, value: Any, where: str) -> None:
    _check(here, part, where)
    if isinstance(here, list) and part in (_APPEND, len(here)):
        here.append(value)
    else:
        here[part] = value


def _check(here: Any, part: _Key, where: str) -> None:
    """Whether the part can stand in what is here."""
    if isinstance(part, str):
        if not isinstance(here, dict):
            raise TargetError(f"{where} is no object")
        return
    if not isinstance(here, list):
        raise TargetError(f"{where} is no list")
    if part > len(here):
        raise TargetError(f"{where} has {len(here)} elements, so [{part}] would leave a gap")
