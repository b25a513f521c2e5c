"""Settings that are described: what they refuse becomes a problem of the description's own field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from mageferry.http.config import Problem, Unfit
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
