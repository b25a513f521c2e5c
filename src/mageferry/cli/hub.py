"""Getting the hub ready for a command, and its errors into words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

# Tables want room; where no terminal says how much there is (a file, a pipe), this much.
WIDTH_WITHOUT_TERMINAL = 130
# Who did it, where histories name a person.
COMMAND_LINE = "the command line"


def screen() -> Console:
    """Where a command prints."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_WITHOUT_TERMINAL)


def prepare() -> None:
    """Load the hub: settings, models, flows. Call it before importing anything of the hub that has models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
    import django

    django.setup()


@contextmanager
def readable_errors(console: Console) -> Iterator[None]:
    """Print errors that a person can mend, and leave with exit code 1."""
    from mageferry.hub.configuration import ConfigurationProblem

    try:
        yield
    except ConfigurationProblem as problem:
        stop(console, str(problem))
    except Exception as error:
        text = _database_text(error)
        if text is None:
            raise
        stop(console, text)


def _database_text(error: Exception) -> str | None:
    from django.db import OperationalError, ProgrammingError

    if isinstance(error, OperationalError | ProgrammingError):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if "no such table" in first or "does not exist" in first or "no such column" in first:
            return f"The database isn't set up for this version ({first}).\nRun: mageferry migrate"
        return f"The database can't be used: {first}\nLook at MAGEFERRY_DATABASE_URL and whether the database runs."
    return None


def stop(console: Console, text: str) -> None:
    """Print what is wrong and end with exit code 1."""
    console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1) if _inside_typer() else SystemExit(1)


def _inside_typer() -> bool:
    import click

    return click.get_current_context(silent=True) is not None
