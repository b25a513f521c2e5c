"""What every described transformer is, and how a list of them is read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator

from mageferry.http.config import ConfigError, Problem
from mageferry.http.config.described import Typed
from mageferry.http.config.fields import LIST_OF
from mageferry.http.descriptions import expression, read
from mageferry.http.placeholders import Expression, Template, TemplateError
from mageferry.http.transformers.errors import TransformError
from mageferry.http.transformers.running import Each, Run, Step
from mageferry.http.transformers.targets import Target, TargetError


def _check_target(text: str) -> str:
    Target.parse(text)
    return text


# Said of each field that is a list of transformers.
LISTED: Final = {LIST_OF: "transformers"}
# A place in the entity: items[0].sku
type TargetText = Annotated[str, AfterValidator(_check_target)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transformer is described, and which types may be nested in it."""

    path: str
    kinds: Mapping[str, type[TransformerDescription]]

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def template(self, source: Any, name: str) -> Template:
        return Template.parse(source, self.at(name))

    def needed_expression(self, text: str, name: str) -> Expression:
        return Expression.parse(text, self.at(name))

    def expression(self, text: str, name: str) -> Expression | None:
        return expression(text, self.at(name))

    def steps(self, listed: Sequence[Any], name: str) -> list[Step]:
        """Nested transformers. Raises ConfigError."""
        return read_steps(listed, self.at(name), self.kinds)

    def put(self, entity: Any, target: Target, value: Any, name: str = "target") -> Any:
        """The entity with the value at the target. Raises TransformError."""
        try:
            return target.put(entity, value)
        except TargetError as error:
            raise TransformError(
                f"{target.text} cannot be set: {error}",
                path=self.at(name),
                remedy="Correct the target, or remove first what is in the way.",
            ) from None

    def each(self, change: Callable[[Any, Run], Any]) -> Step:
        """A transformer that makes one of one; `change` is given an entity of its own and gives what it becomes."""
        return Each(self.path, lambda entity, run: [change(entity, run)])


class TransformerDescription(Typed):
    """A transformer as data; the options named in `nested` are lists of transformers."""

    nested: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def build(self, place: Place) -> Step:
        """The transformer itself. Raises ConfigError and TemplateError."""


def read_steps(listed: Any, path: str, kinds: Mapping[str, type[TransformerDescription]]) -> list[Step]:
    """The transformers of a list. Raises ConfigError with all that is wrong, each with its path."""
    if not isinstance(listed, list | tuple):
        raise ConfigError([Problem(path, "must be a list of transformers", 'Write [{"type": "set", ...}].')])
    steps: list[Step] = []
    problems: list[Problem] = []
    for index, item in enumerate(listed):
        try:
            steps.append(_read_step(item, f"{path}[{index}]", kinds))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return steps


def _read_step(item: Any, path: str, kinds: Mapping[str, type[TransformerDescription]]) -> Step:
    if not isinstance(item, dict):
        raise ConfigError([Problem(path, "must be an object with a type", 'Write {"type": "set", ...}.')])
    name = item.get("type")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        text = "there is no such type" if "type" in item else "the type is missing"
        raise ConfigError([Problem(f"{path}.type", text, f"There are: {', '.join(sorted(kinds))}.")])
    try:
        description = read(kind, {key: value for key, value in item.items() if key != "type"}, path)
    except ConfigError as error:
        raise ConfigError([*error.problems, *_nested_problems(item, path, kind, kinds)]) from None
    try:
        return description.build(Place(path, kinds))
    except TemplateError as error:
        raise ConfigError([Problem(error.path, error.message, error.remedy)]) from None
    except RecursionError:
        raise ConfigError([Problem(path, "is nested too deeply", "Nest fewer transformers.")]) from None


def _nested_problems(
    item: Mapping[str, Any],
    path: str,
    kind: type[TransformerDescription],
    kinds: Mapping[str, type[TransformerDescription]],
) -> list[Problem]:
    """What is wrong within a transformer that cannot be read itself, so that all is told at once."""
    problems: list[Problem] = []
    for name in kind.nested:
        listed = item.get(name)
        if isinstance(listed, list):
            try:
                read_steps(listed, f"{path}.{name}", kinds)
            except ConfigError as error:
                problems += error.problems
    return problems
