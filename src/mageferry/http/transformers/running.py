"""Running transformers over entities: what each becomes, and which fail, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from mageferry.http.errors import HttpError
from mageferry.http.flow import Flow, Next
from mageferry.http.json_text import json_copy
from mageferry.http.placeholders import Scope, TemplateError
from mageferry.http.transformers.errors import TransformError


class Storage(Protocol):
    """Named storages with a value by its key."""

    def get(self, storage: str, key: str) -> Any:
        """The value, None when there is none."""


class _NoStorage:
    def get(self, storage: str, key: str) -> Any:
        raise LookupError("no storage is connected")


def _no_client(name: str) -> Next:
    raise LookupError("no HTTP client is connected")


@dataclass(frozen=True, slots=True)
class Ports:
    """What transformers may reach: values for placeholders, storages, HTTP clients by name.

    `storage` and `client` raise LookupError, with a text fit to be shown, for a name that they do not have.
    """

    scope: Scope = field(default_factory=Scope)
    storage: Storage = field(default_factory=_NoStorage)
    client: Callable[[str], Next] = _no_client


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity on its way. `positions`: the places, from 0, of what it was made of."""

    data: Any = field(repr=False)
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """An entity that could not be transformed: where it stood, in which transformer, why, and how to mend it."""

    positions: tuple[int, ...]
    path: str
    message: str
    remedy: str = ""
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Transformed:
    """What came out, in order, and what failed. What is in neither was left out by a filter."""

    entities: tuple[Entity, ...]
    failures: tuple[Failure, ...]

    @property
    def data(self) -> list[Any]:
        """The entities alone."""
        return [entity.data for entity in self.entities]


class Run:
    """One run: what may be reached, and what has failed so far."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.failed: list[tuple[Entity, Failure]] = []

    def scope(self, data: Any) -> Scope:
        return self.ports.scope.with_data(data)

    def fail(self, entity: Entity, path: str, error: Exception) -> None:
        """Note that an entity failed in the transformer at `path`."""
        self.failed.append((entity, _failure(entity.positions, path, error)))


class Step(Protocol):
    """A transformer, ready to run."""

    def apply(self, entities: Sequence[Entity], run: Run) -> list[Entity] | Flow[list[Entity]]:
        """What the entities become, at once or by a flow; those that fail are noted in the run."""


type Change = Callable[[Any, Run], list[Any] | Generator[Any, Any, list[Any]]]

# What one entity's data can lead to; anything else is a bug and passes as it is.
FAILURES: Final = (TransformError, TemplateError, HttpError, RecursionError)


@dataclass(frozen=True, slots=True)
class Each:
    """A transformer of single entities: `change` gives what one becomes (none, one or several)."""

    path: str
    change: Change

    def apply(self, entities: Sequence[Entity], run: Run) -> Flow[list[Entity]]:
        changed: list[Entity] = []
        for entity in entities:
            try:
                found = self.change(entity.data, run)
                data = found if isinstance(found, list) else (yield from found)
            except FAILURES as error:
                run.fail(entity, self.path, error)
            else:
                changed += [Entity(each, entity.positions) for each in data]
        return changed


def _failure(positions: tuple[int, ...], path: str, error: Exception) -> Failure:
    if isinstance(error, TransformError):
        return Failure(positions, error.path, error.message, error.remedy, error.transient)
    if isinstance(error, TemplateError):
        where = f"{error.message} (character {error.position + 1})"
        return Failure(positions, error.path, where, error.remedy)
    if isinstance(error, HttpError):
        return Failure(positions, path, error.message, error.remedy)
    return Failure(positions, path, "The entity is nested too deeply", "Transform it before it is nested.")


def apply_all(steps: Sequence[Step], entities: Sequence[Entity], run: Run) -> Flow[list[Entity]]:
    """All steps in order, over all entities each."""
    now = list(entities)
    for step in steps:
        applied = step.apply(now, run)
        now = applied if isinstance(applied, list) else (yield from applied)
    return now


def transform(steps: Sequence[Step], entities: Sequence[Any], ports: Ports) -> Flow[Transformed]:
    """Transform copies of the entities; what is given stays as it is."""
    run = Run(ports)
    copies: list[Entity] = []
    for position, data in enumerate(entities):
        try:
            copies.append(Entity(json_copy(data), (position,)))
        except RecursionError as error:
            run.fail(Entity(None, (position,)), "", error)
    changed = yield from apply_all(steps, copies, run)
    return Transformed(tuple(changed), tuple(failure for _, failure in run.failed))


def within(ports: Ports, name: str, value: Any) -> Ports:
    """The same ports, with `@{name...}` to be seen by what runs within."""
    context: Mapping[str, Any] = {**ports.scope.context, name: value}
    return replace(ports, scope=Scope(ports.scope.data, ports.scope.environment, context))
