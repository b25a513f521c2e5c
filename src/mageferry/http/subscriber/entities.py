"""From an item to an entity: its identifier, its fingerprint, its date, and whether it fits the schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from mageferry.http.placeholders import Expression, TemplateError
from mageferry.http.subscriber.dates import DateFormat
from mageferry.http.subscriber.errors import (
    EntityError,
    NoDate,
    NoIdentifier,
    NothingFound,
    WrongSettings,
)
from mageferry.http.subscriber.expressions import describe, kind_of, optional, parse, search
from mageferry.http.subscriber.schema import EntitySchema

_VERSION_DIGITS: Final = 20
_VERSION_UNIT: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. `data` is JSON. `fingerprint`: a hash of how it looks. `changed_at`: its date, when it is read by
    date. `version`: the later one of two looks has the greater. `page` and `index` (both from 1) say where it came
    from, `number` which one of the run it is."""

    data: Any
    identifier: str
    fingerprint: str
    changed_at: datetime | None = None
    page: int = 1
    index: int = 1
    number: int = 0
    version: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ItemsPattern:
    """Where the items are: JMESPath such as `items`, `data.orders[*]`, `orders[].lines[]`; empty for the document
    itself. A list is its items, anything else is the one item. `nothing_is_error`: whether it is an error when the
    pattern finds nothing (an empty list is something). `together`: JMESPath within an item; those that have the same
    there are rows of one item, `{"key": ..., "rows": [...]}`, as the lines of an order in a table."""

    pattern: str = ""
    nothing_is_error: bool = True
    together: str = ""

    def __post_init__(self) -> None:
        optional(self.pattern, "items.pattern")
        optional(self.together, "items.together")

    @property
    def by(self) -> Expression | None:
        """What rows that belong together have the same."""
        return optional(self.together, "items.together")

    def find(self, document: Any) -> tuple[list[Any], str]:
        """The items, and when there are none, a sentence about what there is. Raises NothingFound."""
        expression = optional(self.pattern, "items.pattern")
        try:
            found = search(expression, document) if expression else document
        except TemplateError as error:
            text = f"The items pattern {error.message}; there is {describe(document)}"
            raise NothingFound(text, remedy=error.remedy) from None
        if isinstance(found, list):
            return found, "" if found else f"No items; there is {describe(document)}"
        if found is not None:
            return [found], ""
        note = f"The items pattern {self.pattern!r} finds nothing; there is {describe(document)}"
        if self.nothing_is_error:
            raise NothingFound(
                note,
                remedy="Fix items.pattern ([*] goes over a list, * over an object's values), or allow it to find "
                "nothing (items.nothing_is_error) if the field is left out when there is nothing.",
            )
        return [], note


@dataclass(frozen=True, slots=True)
class EntityRules:
    """What makes an item an entity.

    `identifier`: JMESPaths within it, joined by `separator`; without any, the entity's look is its identifier.
    `schema`: JSON Schema. `compared`: JMESPath of the part that tells whether it has changed; the whole by default.
    `version`: JMESPath of a number or moment that grows with each change; the date by which it is read by default.
    """

    identifier: tuple[str, ...] = ()
    separator: str = ":"
    schema: Mapping[str, Any] | None = None
    compared: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        EntityReader(self)


@dataclass(frozen=True, slots=True)
class DateRule:
    """Where an item's date is, and how it is written."""

    path: Expression
    written: DateFormat

    def read(self, item: Any) -> datetime:
        """Raises NoDate."""
        try:
            value = search(self.path, item)
            if value is None:
                raise NoDate(
                    f"It has no date at {self.path.text}", remedy="Fix the path, or mend it at its source."
                )
            return self.written.read(value)
        except TemplateError as error:
            raise NoDate(f"The path of the date: {error.message}", remedy="Fix the path.") from None
        except ValueError as error:
            reason = (
                str(error)
                if str(error).startswith("it is")
                else f"it is not written as {self.written.pattern}"
            )
            raise NoDate(
                f"The date at {self.path.text} cannot be read: {reason}", remedy="Fix the format of dates."
            ) from None


@dataclass(slots=True)
class EntityReader:
    """Compiled rules."""

    rules: EntityRules
    _identifier: list[Expression] = field(init=False)
    _compared: Expression | None = field(init=False)
    _version: Expression | None = field(init=False)
    _schema: EntitySchema | None = field(init=False)

    def __post_init__(self) -> None:
        rules = self.rules
        self._identifier = [
            parse(text, f"entities.identifier[{index}]") for index, text in enumerate(rules.identifier)
        ]
        if len(rules.identifier) > 1 and not rules.separator:
            raise WrongSettings("entities.separator", "is empty", remedy="Such as : or -.")
        self._compared = optional(rules.compared, "entities.compared")
        self._version = optional(rules.version, "entities.version")
        self._schema = EntitySchema(rules.schema, "entities.schema") if rules.schema is not None else None

    def read(
        self, data: Any, changed_at: datetime | None = None, page: int = 1, index: int = 1, number: int = 0
    ) -> Entity:
        """The entity. Raises EntityError, with its date, and its identifier if it has one."""
        try:
            return self._read(data, changed_at, page, index, number)
        except EntityError as error:
            error.changed_at = changed_at
            raise

    def _read(self, data: Any, changed_at: datetime | None, page: int, index: int, number: int) -> Entity:
        identifier = self._identified(data)
        try:
            if self._schema:
                self._schema.check(data)
            fingerprint = fingerprint_of(search(self._compared, data) if self._compared else data)
            version = self._versioned(data, changed_at)
        except EntityError as error:
            error.identifier = identifier
            raise
        except TemplateError as error:
            failure = EntityError(f"What is compared: {error.message}", remedy="Fix entities.compared.")
            failure.identifier = identifier
            raise failure from None
        return Entity(data, identifier or fingerprint, fingerprint, changed_at, page, index, number, version)

    def _versioned(self, data: Any, changed_at: datetime | None) -> Decimal | None:
        if self._version is None:
            return version_of(changed_at) if changed_at is not None else None
        try:
            return version_of(search(self._version, data))
        except (TemplateError, ValueError) as error:
            reason = f"Its version at {self._version.text}: {error}"
            raise EntityError(reason, remedy="Fix entities.version, or mend it at its source.") from None

    def _identified(self, data: Any) -> str:
        parts = [self._part(expression, data) for expression in self._identifier]
        if len(parts) < 2:
            return "".join(parts)
        # So that ("a:b", "c") and ("a", "b:c") differ.
        mark = self.rules.separator
        return mark.join(part.replace("\\", "\\\\").replace(mark, f"\\{mark}") for part in parts)

    def _part(self, expression: Expression, data: Any) -> str:
        try:
            value = search(expression, data)
        except TemplateError as error:
            raise NoIdentifier(
                f"The identifier: {error.message}", remedy="Fix entities.identifier."
            ) from None
        if isinstance(value, bool) or value is None or isinstance(value, dict | list):
            raise NoIdentifier(
                f"It has no identifier: at {expression.text} is {kind_of(value)}; there is {describe(data)}",
                remedy="Fix the path of the identifier, or mend the entity at its source.",
            )
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
        if not text:
            raise NoIdentifier(
                f"Its identifier at {expression.text} is empty", remedy="Mend it at its source."
            )
        return text


def version_of(value: Any) -> Decimal:
    """A number, or a moment as seconds since 1970, to the microsecond. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | datetime):
        raise ValueError("there is no number or moment")
    try:
        found = Decimal(str(value).strip()) if not isinstance(value, datetime) else _seconds(value)
    except InvalidOperation:
        found = _seconds(datetime.fromisoformat(str(value).strip()))
    if not found.is_finite() or found.adjusted() >= _VERSION_DIGITS:
        raise ValueError(f"a version has at most {_VERSION_DIGITS} digits before the point")
    return found.quantize(_VERSION_UNIT) if found.adjusted() > -7 else Decimal(0)


def _seconds(moment: datetime) -> Decimal:
    """Since 1970; a moment without a zone is taken for UTC, so that it compares with others of its kind."""
    known = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return Decimal((known - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) / 1_000_000


def fingerprint_of(value: Any) -> str:
    """A hash of a value, the same whatever the order of its fields."""
    return hashlib.blake2b(canonical(value), digest_size=16).hexdigest()


def canonical(value: Any) -> bytes:
    """A value as bytes, the same whatever the order of its fields."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # whole numbers beyond 64 bits
        return json.dumps(value, default=str, sort_keys=True).encode()
