"""The table that the stock benchmark makes of its figures."""

from bench.inventory import describe


def test_each_run_is_a_row_with_its_rate() -> None:
    runs = [{"name": "all new", "read": 100_000, "written": 99_000, "seconds": 8.0, "peak_mib": 140.4}]
    section = describe(100_000, runs)
    assert section.title == "Stock of 100,000 products"
    assert list(section.rows) == [("all new", "100,000", "99,000", "8.0", "12,500", "140")]
