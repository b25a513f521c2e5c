"""Cron text, time zones and the spread of starts."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.hub.work.cron import BadCron, BadTimeZone, Cron, Spread, parse_time_zone

EXACTLY = Spread("", 0)
UTC = dt.UTC


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_next_quarter_of_an_hour():
    cron = Cron.parse("*/15 * * * *")
    assert cron.next_after(at("2026-11-22T03:15:00"), UTC, EXACTLY) == at("2026-11-22T03:30:00")


def test_a_time_of_day_is_meant_in_the_schedules_zone():
    cron = Cron.parse("30 6 * * 1-5")
    berlin = parse_time_zone("Europe/Berlin")
    assert cron.next_after(at("2026-07-03T12:00:00"), berlin, EXACTLY) == at("2026-07-06T04:30:00")
    assert cron.next_after(at("2026-12-04T12:00:00"), berlin, EXACTLY) == at("2026-12-07T05:30:00")


def test_an_hour_that_does_not_exist_is_not_lost():
    cron = Cron.parse("30 2 * * *")
    berlin = parse_time_zone("Europe/Berlin")
    # 29 March 2026, 2:00 to 3:00 is left out in Berlin.
    assert cron.next_after(at("2026-03-28T12:00:00"), berlin, EXACTLY) == at("2026-03-29T01:00:00")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("61 * * * *", "bad minute"),
        ("* * *", "it has 3 fields instead of five"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("every day", "it has 2 fields instead of five"),
        ("", "it has 0 fields instead of five"),
        ("a b c d e", "bad minute"),
    ],
)
def test_text_that_cannot_be_read_says_why_and_how_to_write_it(text: str, why: str):
    with pytest.raises(BadCron) as caught:
        Cron.parse(text)
    assert why in str(caught.value)
    assert "*/15 * * * * is every 15 minutes" in str(caught.value)


def test_a_zone_that_is_not_there_says_which_may_be_meant():
    with pytest.raises(BadTimeZone, match=r"no time zone 'berlin'\. Did you mean Europe/Berlin\?"):
        parse_time_zone("berlin")
    with pytest.raises(BadTimeZone, match="like Europe/Berlin"):
        parse_time_zone("../../etc/passwd")


@settings(deadline=None)
@given(
    name=st.text(max_size=20),
    seconds=st.integers(0, 3600),
    minutes=st.integers(0, 3 * 366 * 24 * 60),
    text=st.sampled_from(["*/15 * * * *", "0 3 * * *", "* * * * *", "0 0 1 * *"]),
)
def test_starts_lie_after_the_moment_and_never_more_than_the_spread_after_the_cron_time(
    name: str, seconds: int, minutes: int, text: str
):
    now = at("2025-01-01T00:00:00") + dt.timedelta(minutes=minutes)
    exact, spread = Cron.parse(text), Spread(name, seconds)
    start = exact.next_after(now, UTC, spread)
    assert start > now
    earliest = start - dt.timedelta(seconds=seconds, microseconds=1)
    assert exact.next_after(earliest, UTC, EXACTLY) <= start
    assert exact.next_after(start, UTC, spread) > start


def test_a_thousand_schedules_do_not_start_in_the_same_second():
    cron, now = Cron.parse("*/15 * * * *"), at("2026-11-22T03:00:00")
    starts = [cron.next_after(now, UTC, Spread(f"get_orders row {number}", 300)) for number in range(1000)]
    busiest = max(sum(1 for each in starts if each.replace(microsecond=0) == second) for second in {
        each.replace(microsecond=0) for each in starts
    })  # fmt: skip
    assert busiest < 20
    assert starts == [
        cron.next_after(now, UTC, Spread(f"get_orders row {number}", 300)) for number in range(1000)
    ]
