"""The page of a run holds every table and what it was measured on."""

from __future__ import annotations

from bench.report import Section, render_page


def test_the_page_holds_the_command_the_machine_and_every_row() -> None:
    section = Section("Reading", "Pages of 100.", ("reader", "seconds"), [("a|b", "1.5"), ("c", "3.0")])

    page = render_page("make bench", ["2 cores"], [section])

    assert "Written by `make bench`" in page
    assert "- 2 cores\n" in page
    assert (
        "## Reading\n\nPages of 100.\n\n| reader | seconds |\n|---|---:|\n| a\\|b | 1.5 |\n| c | 3.0 |\n"
        in page
    )
