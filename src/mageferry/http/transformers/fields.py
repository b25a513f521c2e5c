"""Transformers of single fields: set, copy, move, remove, map."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from mageferry.http.config.fields import Structure, needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.json_text import json_copy
from mageferry.http.placeholders import Expression, as_text
from mageferry.http.redaction import Secret
from mageferry.http.transformers.described import Place, TargetText, TransformerDescription
from mageferry.http.transformers.errors import TransformError, shown
from mageferry.http.transformers.running import Run, Step
from mageferry.http.transformers.targets import Target, TargetError

SOURCE_HELP = "JMESPath over the entity: items[0].sku."


class Missing(StrEnum):
    """What to do where no value is found."""

    FAIL = "fail"
    SKIP = "skip"
    NULL = "null"


def missing_value(source: str, place: Place) -> TransformError:
    """The error for a value that must be there."""
    return TransformError(
        f"{source} finds nothing",
        path=place.at("source"),
        remedy="Correct the path, give a default (name || 'none'), or say what to do when it is missing.",
    )


class ValueDescription(TransformerDescription):
    """What takes a value from one place, and puts what it becomes in another."""

    source: ExpressionText = needed("Source", SOURCE_HELP, min_length=1)
    target: TargetText = needed("Target", "Where it is put.")
    missing: Missing = option(Missing.FAIL, "When missing")


def change_value(how: ValueDescription, become: Callable[[Any], Any], place: Place) -> Step:
    """The transformer that puts what the value becomes; an empty text is missing like null."""
    target, source = Target.parse(how.target), place.needed_expression(how.source, "source")

    def change(entity: Any, run: Run) -> Any:
        value = source.search(run.scope(entity))
        if value not in (None, ""):
            return place.put(entity, target, become(value))
        if how.missing is Missing.FAIL:
            raise missing_value(how.source, place)
        return entity if how.missing is Missing.SKIP else place.put(entity, target, None)

    return place.each(change)


class SetField(TransformerDescription):
    type_name = "set"
    title = "Set a field"
    target: TargetText = needed(
        "Target", "Where the value is put: items[0].sku, tags[], @ for the whole entity."
    )
    value: Structure = needed("Value", "A value or a structure; texts may have placeholders.")

    def build(self, place: Place) -> Step:
        target, template = Target.parse(self.target), place.template(self.value, "value")

        def change(entity: Any, run: Run) -> Any:
            return place.put(entity, target, json_copy(template.fill(run.scope(entity))))

        return place.each(change)


class CopyField(TransformerDescription):
    type_name = "copy"
    title = "Copy a field"
    source: ExpressionText = needed("Source", SOURCE_HELP, min_length=1)
    target: TargetText = needed("Target", "Where the value is put.")
    missing: Missing = option(Missing.FAIL, "When missing")

    def build(self, place: Place) -> Step:
        target, source = Target.parse(self.target), place.needed_expression(self.source, "source")

        def change(entity: Any, run: Run) -> Any:
            value = source.search(run.scope(entity))
            if value is None and self.missing is Missing.FAIL:
                raise missing_value(self.source, place)
            if value is None and self.missing is Missing.SKIP:
                return entity
            return place.put(entity, target, json_copy(value))

        return place.each(change)


class MoveField(TransformerDescription):
    type_name = "move"
    title = "Move a field"
    source: TargetText = needed("Source", "Where the value is taken away: a.b[0].")
    target: TargetText = needed("Target", "Where it is put.")
    missing: Missing = option(Missing.FAIL, "When missing")

    def build(self, place: Place) -> Step:
        source, target = Target.parse(self.source), Target.parse(self.target)

        def change(entity: Any, run: Run) -> Any:
            found, value = _taken(source, entity, place)
            if not found and self.missing is Missing.FAIL:
                raise missing_value(self.source, place)
            if not found and self.missing is Missing.SKIP:
                return entity
            return place.put(entity, target, value)

        return place.each(change)


def _taken(source: Target, entity: Any, place: Place) -> tuple[bool, Any]:
    try:
        return source.take(entity)
    except TargetError as error:
        raise TransformError(
            str(error).capitalize(), path=place.at("source"), remedy="Name a field of it."
        ) from None


class RemoveFields(TransformerDescription):
    type_name = "remove"
    title = "Remove fields"
    targets: tuple[TargetText, ...] = needed(
        "Targets", "Fields that are taken away; one that is not there is all right.", min_length=1
    )

    def build(self, place: Place) -> Step:
        targets = [Target.parse(text) for text in self.targets]

        def change(entity: Any, run: Run) -> Any:
            for target in targets:
                _taken(target, entity, place)
            return entity

        return place.each(change)


class Otherwise(StrEnum):
    """What to do with a value that the table does not have."""

    FAIL = "fail"
    KEEP = "keep"
    DEFAULT = "default"


class MapValue(TransformerDescription):
    type_name = "map"
    title = "Map a value by a table"
    source: ExpressionText = needed("Source", SOURCE_HELP, min_length=1)
    target: TargetText = needed("Target", "Where the mapped value is put.")
    table: dict[str, Any] = needed("Table", "Value -> what it becomes; numbers and true/false as texts.")
    otherwise: Otherwise = option(Otherwise.FAIL, "When not in the table")
    default: Any = option(None, "Default", "For values that the table does not have.")

    def build(self, place: Place) -> Step:
        target, source = Target.parse(self.target), place.needed_expression(self.source, "source")

        def change(entity: Any, run: Run) -> Any:
            return place.put(entity, target, self._mapped(source, source.search(run.scope(entity)), place))

        return place.each(change)

    def _mapped(self, source: Expression, value: Any, place: Place) -> Any:
        if value is not None and not isinstance(value, dict | list | Secret):
            key = as_text(value)
            if key in self.table:
                return json_copy(self.table[key])
        if self.otherwise is Otherwise.FAIL:
            raise TransformError(
                f"The table has nothing for {shown(value, self.source)}",
                path=place.at("table"),
                remedy="Add it to the table, or choose what becomes of values that are not in it.",
            )
        return json_copy(self.default if self.otherwise is Otherwise.DEFAULT else value)
