"""The page holds every table and what it was measured on, and keeps the parts of other runs."""

from __future__ import annotations

from bench.report import HEAD, Section, put_part, render_part

SECTION = Section("Reading", "Pages of 100.", ("reader", "seconds"), [("a|b", "1.5"), ("c", "3.0")])
ORDER = ("reading", "memory", "work")


def test_a_part_holds_the_command_the_machine_and_every_row() -> None:
    part = render_part("python -m bench reading", ["2 cores"], [SECTION])

    assert "Measured by `python -m bench reading`" in part
    assert "- 2 cores\n" in part
    assert (
        "## Reading\n\nPages of 100.\n\n| reader | seconds |\n|---|---:|\n| a\\|b | 1.5 |\n| c | 3.0 |\n"
        in part
    )


def test_a_new_part_replaces_the_old_one_and_leaves_the_others() -> None:
    page = put_part("", "work", "slow\n", ORDER)
    page = put_part(page, "reading", "fast\n", ORDER)
    page = put_part(page, "work", "faster\n", ORDER)

    assert page == HEAD + "\n<!-- part: reading -->\nfast\n\n<!-- part: work -->\nfaster\n"
    assert put_part(page, "work", "faster\n", ORDER) == page
