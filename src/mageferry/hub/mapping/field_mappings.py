"""Field mappings: rows of a connector, compiled once and applied to records in either direction. Pure.

From Magento a row reads the shop's record and fills a field of the hub; to Magento it reads the hub's record and fills
a place of the entity that is sent. A row that can't be used, or a value that doesn't fit, is a problem of that record,
never the end of a run.

    mappings = compile_rows(rows)
    mappings.apply_from_magento("product", raw, {"name": "Lamp"})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from mageferry.hub.mapping.expressions import BadValue
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.paths import Place
from mageferry.hub.mapping.rules import (
    APPEND,
    FROM_MAGENTO,
    IF_EMPTY,
    IF_NEW,
    TO_MAGENTO,
    MappingProblem,
    MappingRow,
    Rule,
    compile_row,
)
from mageferry.hub.mapping.targets import Target

REMEDY: Final = (
    "Correct the field mapping of the connector or the record; Preview mappings shows what comes out."
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value that a row found for its target, already of the target's type."""

    rule: Rule
    value: Any

    @property
    def field(self) -> Target:
        """The field of the hub; only from Magento."""
        assert isinstance(self.rule.target, Target)
        return self.rule.target


@dataclass(frozen=True, slots=True)
class FieldMappings:
    """All rows of a connector, compiled. `broken`: rows that were stored and can't be used, with the reason."""

    rules: Mapping[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict)
    broken: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rules or self.broken)

    def touch(self, direction: str) -> bool:
        """Whether there is anything to do in this direction."""
        return any(key[0] == direction for key in (*self.rules, *self.broken))

    def concern(self, direction: str, record: str) -> bool:
        """Whether there is anything to do with this kind of record in this direction."""
        return (direction, record) in self.rules or (direction, record) in self.broken

    def assignments(
        self, direction: str, record: str, document: Mapping[str, Any], problems: list[str]
    ) -> tuple[Assignment, ...]:
        """What the rows of this kind of record find in a document; what they trip over goes to `problems`."""
        problems.extend(self.broken.get((direction, record), ()))
        found = []
        for rule in self.rules.get((direction, record), ()):
            try:
                value = rule.expression.value_in(document)
                if value is not None:
                    read = rule.target.read(value) if isinstance(rule.target, Target) else value
                    found.append(Assignment(rule, read))
            except BadValue as error:
                problems.append(problem_of(rule, error))
        return tuple(found)

    def apply_from_magento(
        self, record: str, raw: Mapping[str, Any], values: dict[str, Any], *, is_new: bool = True
    ) -> dict[str, Any]:
        """The hub's values of a record with what the rows find in the shop's: `values` itself, changed.

        `record`: `shipment`, `product` or another of RECORDS; `raw`: the shop's record; `is_new`: whether the hub
        doesn't have it yet. Values that are not text, number, moment or flag go by `extension_attributes`
        (`attributes` of a product), a dict. Raises UnusableRecord naming every row that doesn't fit.
        """
        problems: list[str] = []
        found = self.assignments(FROM_MAGENTO, record, raw, problems)
        for assignment in wanted(found, is_new=is_new):
            put_value(values, assignment, problems)
        if problems:
            raise unusable(
                str(raw.get("increment_id") or raw.get("sku") or raw.get("entity_id") or ""), problems
            )
        return values

    def apply_to_magento(
        self, record: str, document: Mapping[str, Any], entity: dict[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """The entity to send with what the rows find in the hub's record: `entity` itself, changed, and every
        problem in words."""
        problems: list[str] = []
        for assignment in self.assignments(TO_MAGENTO, record, document, problems):
            put_in_place(entity, assignment, problems)
        return entity, problems


NONE: Final = FieldMappings()


def compile_rows(rows: Sequence[MappingRow]) -> FieldMappings:
    """The mappings of a connector, in the order of their rows; the same rows are compiled once."""
    return _compiled(tuple(rows)) if rows else NONE


@lru_cache(maxsize=128)
def _compiled(rows: tuple[MappingRow, ...]) -> FieldMappings:
    rules: dict[tuple[str, str], list[Rule]] = {}
    broken: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        key = (row.direction, row.record)
        try:
            rules.setdefault(key, []).append(compile_row(row))
        except MappingProblem as problem:
            broken.setdefault(key, []).append(f"field mapping {row}: {problem}")
    return FieldMappings(
        {key: tuple(each) for key, each in rules.items() if each},
        {key: tuple(each) for key, each in broken.items()},
    )


def wanted(assignments: Sequence[Assignment], *, is_new: bool) -> Sequence[Assignment]:
    """Those that hold for a new record, or for one that the hub has."""
    return assignments if is_new else [each for each in assignments if each.rule.row.mode != IF_NEW]


def merged(current: Any, assignment: Assignment) -> Any:
    """What a field holds after an assignment, by its mode. Raises BadValue."""
    mode, value = assignment.rule.row.mode, assignment.value
    if mode == APPEND and not _is_empty(current):
        separator = assignment.rule.target.separator if isinstance(assignment.rule.target, Target) else ", "
        return _appended(current, value, separator or ", ")
    if mode == IF_EMPTY and not _is_empty(current):
        return current
    return value


def _is_empty(value: Any) -> bool:
    """Of amounts 0 counts as empty: what is missing reads as 0."""
    return value is None or (not isinstance(value, bool) and (value in ("", 0) or value == [] or value == {}))


def _appended(current: Any, value: Any, separator: str) -> Any:
    """Both together; what is there already isn't added again, so that reading twice changes nothing."""
    if isinstance(current, list):
        more = value if isinstance(value, list) else [value]
        return [*current, *(each for each in more if each not in current)]
    if isinstance(current, str) and isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        known = f"{separator}{text}{separator}" in f"{separator}{current}{separator}"
        return current if known or not text else f"{current}{separator}{text}"
    raise BadValue(f"can't be appended to {current!r:.40}")


def put_value(holder: Any, assignment: Assignment, problems: list[str]) -> bool:
    """Put a value into a dict or an object of the hub; whether that changed it. What doesn't fit: `problems`."""
    target = assignment.field
    current = _current(holder, target)
    try:
        value = merged(current, assignment)
        if value is not current and not target.key:
            value = target.read(value) if isinstance(value, str) else value
    except BadValue as error:
        problems.append(problem_of(assignment.rule, error))
        return False
    if value == current and type(value) is type(current):
        return False
    if target.key:
        inner = dict(_attribute(holder, target.name) or {})
        inner[target.key] = value
        value = inner
    if isinstance(holder, dict):
        holder[target.name] = value
    else:
        setattr(holder, target.name, value)
    return True


def _attribute(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name)


def _current(holder: Any, target: Target) -> Any:
    value = _attribute(holder, target.name)
    if not target.key:
        return value
    return value.get(target.key) if isinstance(value, dict) else None


def put_in_place(entity: dict[str, Any], assignment: Assignment, problems: list[str]) -> None:
    """Put a value into an entity to send. What doesn't fit goes to `problems`."""
    place = assignment.rule.target
    assert isinstance(place, Place)
    try:
        place.put(entity, merged(place.value_in(entity), assignment))
    except BadValue as error:
        problems.append(problem_of(assignment.rule, error))


def problem_of(rule: Rule, error: BadValue) -> str:
    """A problem in words, with the row that has it."""
    return f"field mapping {rule.row}: what it finds {error}"


def unusable(number: str, problems: Sequence[str]) -> UnusableRecord:
    """What to raise for a record with problems."""
    return UnusableRecord(f"Record {number}: {'; '.join(problems)}.", REMEDY)
