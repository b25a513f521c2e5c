"""Places in an entity that is sent: `payment.additional_information[0]`, `custom_attributes[?code=='x'].value`.

What is missing on the way is made; what is there and of another kind is a problem of that entity. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mageferry.hub.mapping.expressions import BadExpression, BadValue

_DEEPEST: Final = 12
_PART: Final = re.compile(
    r"(?P<dot>\.)?(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})"
    r"|\[(?P<index>\d{1,2})\]"
    r"|\[\?(?P<key>[A-Za-z_][A-Za-z0-9_]{0,63})=='(?P<value>[^'\x00]{1,255})'\]"
)
_HINT: Final = (
    "Write names and dots, [0] for a place in a list, [?attribute_code=='x'] for the entry of that name: "
    "extension_attributes.channel"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The object of a list whose `key` has this value."""

    key: str
    value: str


type Step = str | int | Entry


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an entity, step by step."""

    text: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.text

    def value_in(self, entity: Any) -> Any:
        """What is there; None when there is nothing."""
        found = entity
        for step in self.steps:
            found = _look(found, step)
        return found

    def put(self, entity: dict[str, Any], value: Any) -> None:
        """Put a value there. Raises BadValue when something of another kind is in the way."""
        holder: Any = entity
        for step, following in zip(self.steps, self.steps[1:], strict=False):
            inner = _look(holder, step)
            if inner is None:
                inner = _empty_holder(step, following)
                _set(holder, step, inner)
            holder = inner
        _set(holder, self.steps[-1], value)


def parse_place(text: str) -> Place:
    """Raises BadExpression saying where the text stops to be a place."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or (found["name"] is not None and bool(found["dot"]) != bool(steps)):
            raise BadExpression(f"Position {at + 1}: {text[at : at + 20]!r} does not fit here. {_HINT}.")
        steps.append(_step(found))
        at = found.end()
    if not steps or not isinstance(steps[0], str):
        raise BadExpression(f"It has to begin with a name. {_HINT}.")
    if isinstance(steps[-1], Entry):
        raise BadExpression("An entry of a list is no value: name a field of it, as in [?code=='x'].value.")
    if len(steps) > _DEEPEST:
        raise BadExpression(f"It has more than {_DEEPEST} steps.")
    return Place(text, tuple(steps))


def _step(found: re.Match[str]) -> Step:
    if found["name"] is not None:
        return found["name"]
    return int(found["index"]) if found["index"] is not None else Entry(found["key"], found["value"])


def _empty_holder(step: Step, following: Step) -> dict[str, Any] | list[Any]:
    if isinstance(step, Entry):
        return {step.key: step.value}
    return {} if isinstance(following, str) else []


def _look(holder: Any, step: Step) -> Any:
    if isinstance(step, str):
        return holder.get(step) if isinstance(holder, Mapping) else None
    if not isinstance(holder, list):
        return None
    if isinstance(step, int):
        return holder[step] if step < len(holder) else None
    return next(
        (each for each in holder if isinstance(each, dict) and each.get(step.key) == step.value), None
    )


def _set(holder: Any, step: Step, value: Any) -> None:
    if isinstance(step, str):
        if not isinstance(holder, dict):
            raise BadValue(f"can't be put there: {step} would be part of something that has no names")
        holder[step] = value
        return
    if not isinstance(holder, list):
        raise BadValue("can't be put there: a list is expected where there is none")
    if isinstance(step, Entry):
        holder.append(value)
    elif step < len(holder):
        holder[step] = value
    elif step == len(holder):
        holder.append(value)
    else:
        raise BadValue(f"can't be put there: the list has only {len(holder)} entries")
