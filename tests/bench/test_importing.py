"""The ratio of the import is taken turn by turn, so that a slow moment of the machine weighs on both."""

from __future__ import annotations

from bench.importing import describe


def test_the_ratio_is_the_median_of_the_turns_and_not_of_the_times() -> None:
    section = describe({"orders": 100, "rows": 1_100, "turns": [(2.0, 1.0), (9.0, 3.0), (8.0, 2.0)]})

    bare, hub = section.rows
    assert bare == ("sqlite3.executemany", "2.00", "50", "1")
    assert hub == ("Mageferry", "8.00", "12", "3.00")
    assert "11.0 rows an order" in section.explanation
