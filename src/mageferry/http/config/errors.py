"""What is wrong with a description: every problem at once, each with the field it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is the field (`clients.erp.plugins[2].attempts`); the message never quotes a value."""

    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    def below(self, path: str) -> Problem:
        """The same problem of a description that stands at `path`."""
        joiner = "" if not path or not self.path or self.path.startswith(("[", ".")) else "."
        return Problem(f"{path}{joiner}{self.path}".lstrip("."), self.message, self.remedy)


class ConfigError(Exception):
    """A description that cannot be used."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)

    @property
    def remedy(self) -> str:
        """How to mend all of it, as far as that is known; the text of the error names the problems."""
        return " ".join(problem.remedy for problem in self.problems if problem.remedy)


class Unfit(ValueError):
    """Raised by a check of a description for what is wrong within: paths begin at what is checked."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)
