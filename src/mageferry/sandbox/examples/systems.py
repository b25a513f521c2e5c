"""An example system as a server: its state, its front, its control plane."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mageferry.sandbox.clock import Clock
from mageferry.sandbox.database import Column, ColumnKind, Database, Table
from mageferry.sandbox.examples.calls import faulty_answer
from mageferry.sandbox.messages import Front
from mageferry.sandbox.plane import Actions, serve_plane
from mageferry.sandbox.serving import Served
from mageferry.sandbox.switchboard import Switchboard
from mageferry.sandbox.wire import Wire

_FILLED = "filled"


def table(name: str, *columns: Column, unique: tuple[tuple[str, ...], ...] = ()) -> Table:
    """Rows of a system with a key, and their content as JSON."""
    named = {column.name: column for column in (Column("key", ColumnKind.NUMBER), *columns)}
    return Table(name, "key", named, unique)


def text_column(name: str, *, indexed: bool = False) -> Column:
    """A text that is compared to the letter."""
    return Column(name, ColumnKind.TIME, indexed=indexed)


class State:
    """What an example system keeps: a SQLite file, or memory, and its time. Raises StateError for a bad file."""

    def __init__(self, path: Path | None, tables: Iterable[Table]) -> None:
        self.database = Database(path, tables)
        self.clock = Clock()

    def now(self) -> str:
        """The moment as ISO 8601 in UTC, to the second."""
        return self.clock.text().replace(" ", "T") + "Z"

    def fill(self) -> None:
        """The content that it begins with, unless it has some."""
        if self.database.setting(_FILLED) is None:
            with self.database.transaction():
                self.fill_anew()
                self.database.set_setting(_FILLED, "1")

    @abstractmethod
    def fill_anew(self) -> None:
        """Write the content that it begins with."""


class SystemControl[S: State](Switchboard):
    """The switchboard of an example system."""

    what = "An example system: for tests and demonstrations only"

    def __init__(self, state: S) -> None:
        super().__init__(state.clock)
        self.state = state

    def reset(self) -> None:
        """Everything as at the start."""
        with self.lock:
            super().reset()
            self.state.database.clear()
            with self.state.database.transaction():
                self.state.fill_anew()

    def describe(self) -> dict[str, object]:
        return {"what": self.what, **super().describe()}


class ExampleSystem[C: SystemControl[Any]](Served):
    """An example system behind a real HTTP server."""

    control: C

    def __init__(self, control: C, front: Front, actions: Actions[C], host: str, port: int) -> None:
        super().__init__(host, port)
        self.control = control
        self._wire = Wire(
            front, control, lambda request: serve_plane(control, request, actions), faulty_answer
        )

    @property
    def wire(self) -> Wire:
        return self._wire

    def close(self) -> None:
        self.control.state.database.close()
