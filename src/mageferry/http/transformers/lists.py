"""Transformers of which entities there are: filter, split, group; and those around others: conditional, for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from mageferry.http.config.fields import Structure, Text, needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.flow import Flow
from mageferry.http.json_text import json_bytes, json_copy
from mageferry.http.placeholders import Expression, Scope, Template, as_text, reveal
from mageferry.http.redaction import Secret
from mageferry.http.transformers.described import LISTED, Place, TargetText, TransformerDescription
from mageferry.http.transformers.errors import TransformError
from mageferry.http.transformers.running import FAILURES, Each, Entity, Run, Step, apply_all, within
from mageferry.http.transformers.targets import Target

_WHEN = "JMESPath that is true: qty > `0`, or a placeholder."


class Filter(TransformerDescription):
    type_name = "filter"
    title = "Filter"
    keep: ExpressionText = needed("Keep when", _WHEN + " Other entities are left out.", min_length=1)

    def build(self, place: Place) -> Step:
        keep = place.needed_expression(self.keep, "keep")
        return Each(place.path, lambda entity, run: [entity] if keep.holds(run.scope(entity)) else [])


class Split(TransformerDescription):
    type_name = "split"
    title = "Split a list into entities"
    source: ExpressionText = needed("List", "JMESPath to the list; none gives no entity.", min_length=1)
    entity: Structure = option(
        "&{item}", "Entity", "What each element becomes, of &{item}, &{index} and the whole &{entity}."
    )

    def build(self, place: Place) -> Step:
        source, template = (
            place.needed_expression(self.source, "source"),
            place.template(self.entity, "entity"),
        )

        def change(entity: Any, run: Run) -> list[Any]:
            listed = elements(source, entity, run.scope(entity), place)
            data = [{"item": item, "index": index, "entity": entity} for index, item in enumerate(listed)]
            return [json_copy(template.fill(run.scope(each))) for each in data]

        return Each(place.path, change)


def elements(source: Expression, entity: Any, scope: Scope, place: Place) -> list[Any]:
    """The list that is found; none for null. Raises TransformError for anything else."""
    listed = source.search(scope)
    if listed is not None and not isinstance(listed, list):
        raise TransformError(
            f"{source.text} finds no list", path=place.at("source"), remedy="Give the path of a list."
        )
    return listed or []


class WhenPartFailed(StrEnum):
    """What becomes of a group of which a part has failed before."""

    FAIL = "fail"
    LEAVE_OUT = "leave_out"


class Group(TransformerDescription):
    type_name = "group"
    title = "Group entities"
    by: ExpressionText = needed(
        "Group by", "JMESPath; entities that have the same there are one group.", min_length=1
    )
    entity: Structure = option(
        {"key": "&{key}", "entities": "&{entities}"},
        "Entity",
        "What a group becomes, of &{key}, &{entities} and &{first}.",
    )
    when_part_failed: WhenPartFailed = option(
        WhenPartFailed.FAIL, "When a part has failed", "Fail the group, or go on without the part."
    )

    def build(self, place: Place) -> Step:
        return _Grouping(
            place.path,
            place.needed_expression(self.by, "by"),
            place.template(self.entity, "entity"),
            self.when_part_failed is WhenPartFailed.FAIL,
        )


@dataclass(frozen=True, slots=True)
class _Grouping:
    path: str
    by: Expression
    template: Template
    whole_only: bool

    def apply(self, entities: Sequence[Entity], run: Run) -> list[Entity]:
        lost = self._keys_of_failed(run)
        groups: dict[bytes, tuple[Any, list[Entity]]] = {}
        for entity in entities:
            try:
                key = self._key(entity.data, run)
                groups.setdefault(_same(key), (key, []))[1].append(entity)
            except FAILURES as error:
                run.fail(entity, self.path, error)
        made: list[Entity] = []
        for mark, (key, parts) in groups.items():
            positions = dict.fromkeys(position for part in parts for position in part.positions)
            whole = Entity(None, tuple(positions))
            try:
                if mark in lost:
                    raise self._incomplete(lost[mark])
                made.append(Entity(self._filled(key, parts, run), whole.positions))
            except FAILURES as error:
                run.fail(whole, self.path, error)
        return made

    def _key(self, data: Any, run: Run) -> Any:
        key = self.by.search(run.scope(data))
        if key is None or isinstance(key, Secret):
            raise TransformError(
                f"{self.by.text} finds nothing to group by",
                path=f"{self.path}.by",
                remedy="Correct the path, or give a default (name || 'none').",
            )
        return key

    def _keys_of_failed(self, run: Run) -> dict[bytes, tuple[int, ...]]:
        """The groups that miss a part, with the part's place; as far as its key can be told."""
        found: dict[bytes, tuple[int, ...]] = {}
        for entity, failure in run.failed if self.whole_only else ():
            try:
                found[_same(self._key(entity.data, run))] = failure.positions
            except FAILURES:
                continue
        return found

    def _incomplete(self, positions: tuple[int, ...]) -> TransformError:
        places = ", ".join(str(position + 1) for position in positions)
        return TransformError(
            f"A part of the group has failed (entity {places})", path=self.path, remedy="Mend that one first."
        )

    def _filled(self, key: Any, parts: list[Entity], run: Run) -> Any:
        entities = [part.data for part in parts]
        data = {"key": key, "entities": entities, "first": entities[0]}
        return json_copy(self.template.fill(run.scope(data)))


def _same(key: Any) -> bytes:
    """Equal for equal keys; the number 1 and the text 1 are two."""
    try:
        return json_bytes(reveal(key))
    except TypeError:
        return repr(key).encode("utf-8", "replace")


class Conditional(TransformerDescription):
    type_name = "conditional"
    title = "Conditional"
    nested: ClassVar[tuple[str, ...]] = ("then", "otherwise")
    when: ExpressionText = needed("When", _WHEN, min_length=1)
    then: tuple[Any, ...] = option(
        (), "Then", "Transformers for entities where it is true.", json_schema_extra=LISTED
    )
    otherwise: tuple[Any, ...] = option(
        (), "Otherwise", "Transformers for the others.", json_schema_extra=LISTED
    )

    def build(self, place: Place) -> Step:
        when = place.needed_expression(self.when, "when")
        return _Branches(
            place.path, when, place.steps(self.then, "then"), place.steps(self.otherwise, "otherwise")
        )


@dataclass(frozen=True, slots=True)
class _Branches:
    path: str
    when: Expression
    then: list[Step]
    otherwise: list[Step]

    def apply(self, entities: Sequence[Entity], run: Run) -> Flow[list[Entity]]:
        branches: dict[bool, list[Entity]] = {True: [], False: []}
        for entity in entities:
            try:
                branches[self.when.holds(run.scope(entity.data))].append(entity)
            except FAILURES as error:
                run.fail(entity, self.path, error)
        changed = yield from apply_all(self.then, branches[True], run)
        changed += yield from apply_all(self.otherwise, branches[False], run)
        return sorted(changed, key=lambda entity: entity.positions)


class ForEach(TransformerDescription):
    type_name = "for_each"
    title = "For each element of a list"
    nested: ClassVar[tuple[str, ...]] = ("transformers",)
    source: ExpressionText = needed("List", "JMESPath to the list.", min_length=1)
    target: TargetText = needed(
        "Target", "Where the list of transformed elements is put, mostly the same place."
    )
    transformers: tuple[Any, ...] = needed(
        "Transformers",
        "Each element is an entity to them; the whole one is @{parent}.",
        min_length=1,
        json_schema_extra=LISTED,
    )

    def build(self, place: Place) -> Step:
        source, target = place.needed_expression(self.source, "source"), Target.parse(self.target)
        steps = place.steps(self.transformers, "transformers")

        def change(entity: Any, run: Run) -> Flow[list[Any]]:
            listed = json_copy(elements(source, entity, run.scope(entity), place))
            inner = Run(within(run.ports, "parent", entity))
            parts = [Entity(element, (index,)) for index, element in enumerate(listed)]
            changed = yield from apply_all(steps, parts, inner)
            for _, failure in inner.failed[:1]:
                places = ", ".join(str(position + 1) for position in failure.positions)
                raise TransformError(
                    f"Element {places}: {failure.message}",
                    path=failure.path,
                    remedy=failure.remedy,
                    transient=failure.transient,
                )
            return [place.put(entity, target, [part.data for part in changed])]

        return Each(place.path, change)


class Fail(TransformerDescription):
    type_name = "fail"
    title = "Fail with a message"
    when: ExpressionText = option("", "When", _WHEN + " Empty: always.")
    message: Text = needed(
        "Message", "Template of the reason: no address in order &{increment_id}.", min_length=1
    )
    remedy: str = option("", "Remedy", "What a person should do.")

    def build(self, place: Place) -> Step:
        when, message = place.expression(self.when, "when"), place.template(self.message, "message")

        def change(entity: Any, run: Run) -> Any:
            scope = run.scope(entity)
            if when is not None and not when.holds(scope):
                return entity
            text = message.fill(scope)
            reason = str(text) if isinstance(text, Secret) else as_text(text)
            raise TransformError(
                reason or "It was failed without a reason", path=place.path, remedy=self.remedy
            )

        return place.each(change)
