"""Settings that are described: what they refuse becomes a problem of the description's own field."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Self

from pydantic import model_validator

from mageferry.http.config import Description, Problem, Unfit
from mageferry.http.subscriber.errors import WrongSettings


@contextmanager
def fitting(prefix: str, names: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Turns WrongSettings into Unfit. `prefix` is what the settings call the place of the description, `names` are
    the paths of fields that it calls otherwise."""
    try:
        yield
    except WrongSettings as error:
        path = names.get(error.path, error.path).removeprefix(prefix).removeprefix(".")
        raise Unfit([Problem(path, error.problem, error.remedy or "Correct this field.")]) from None


class SettingsDescription(Description):
    """The description of settings that check themselves: it is read only when they can be made of it."""

    # What they call their own place, and the paths of fields that they call otherwise.
    place: ClassVar[str]
    names: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @abstractmethod
    def build(self) -> Any:
        """The settings. Raises WrongSettings."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        with fitting(self.place, self.names):
            self.build()
        return self
