"""What is wrong with a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from mageferry.http.config import ConfigError


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a document."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Unacceptable(Exception):
    """A document that can't be stored; every problem with its field."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = list(problems)


def unacceptable(error: ConfigError, below: str = "") -> Unacceptable:
    """The same problems, of settings that stand in the field `below`."""
    found = [problem.below(below) for problem in error.problems]
    return Unacceptable(
        [FieldProblem(each.path, f"{each.message}. {each.remedy}".rstrip(" .")) for each in found]
    )


def problems_of(error: ValidationError) -> list[str]:
    """A document's own problems, without the values that were given."""
    return [
        f"{'.'.join(map(str, found['loc']))}: {found['msg'][:1].lower()}{found['msg'][1:]}"
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    ]
