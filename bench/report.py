"""Tables of a run: the same rows for the terminal (rich) and for docs/benchmarks.md."""

from __future__ import annotations

import re
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


HEAD = """# Benchmarks

Each part is from one run of its own, with the command and the machine that it was measured on. Compare the ratios
within a table: seconds depend on the machine and on what else it does.
"""
_MARK = re.compile(r"^<!-- part: (\w+) -->\n", re.MULTILINE)


def render_part(command: str, machine: Iterable[str], sections: Iterable[Section]) -> str:
    """One part of the Markdown page: how it was measured, then a table per section."""
    lines = [f"Measured by `{command}`:", "", *(f"- {line}" for line in machine)]
    for section in sections:
        lines += ["", f"## {section.title}", "", section.explanation, ""]
        lines += [_row(section.columns), "|---|" + "---:|" * (len(section.columns) - 1)]
        lines += [_row(row) for row in section.rows]
    return "\n".join(lines) + "\n"


def put_part(page: str, kind: str, part: str, order: Sequence[str]) -> str:
    """The page with this part new; the parts of other runs stay, in the order given."""
    pieces = _MARK.split(page)
    parts = dict(zip(pieces[1::2], (text.strip() + "\n" for text in pieces[2::2]), strict=True))
    parts[kind] = part
    known = [each for each in order if each in parts]
    return HEAD + "".join(f"\n<!-- part: {each} -->\n{parts[each]}" for each in known)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
