"""Tables of a run: the same rows for the terminal (rich) and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Section:
    """One measurement: what was asked, and the answer as a table of texts."""

    title: str
    explanation: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def print_section(section: Section, console: Console) -> None:
    table = Table(title=section.title, title_justify="left")
    for place, column in enumerate(section.columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    for row in section.rows:
        table.add_row(*row)
    console.print(table)
    console.print()


def render_page(command: str, machine: Iterable[str], sections: Iterable[Section]) -> str:
    """The Markdown page: how it was measured, then one table per section."""
    lines = [
        "# Benchmarks",
        "",
        f"Written by `{command}`; every figure on this page is from that one run.",
        "Compare the ratios: seconds depend on the machine and on what else it does.",
        "",
        *(f"- {line}" for line in machine),
    ]
    for section in sections:
        lines += ["", f"## {section.title}", "", section.explanation, ""]
        lines += [_row(section.columns), "|---|" + "---:|" * (len(section.columns) - 1)]
        lines += [_row(row) for row in section.rows]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
