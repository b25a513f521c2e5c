"""Clients that threads share."""

from __future__ import annotations

import pytest

from mageferry.http.sharing import SharedClients


class Line:
    """Something that is open until it is closed."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def lines() -> SharedClients[str, Line]:
    return SharedClients(Line.close)


def test_the_same_settings_share_one(lines: SharedClients[str, Line]) -> None:
    with (
        lines.using(1, "a", Line) as one,
        lines.using(1, "a", Line) as same,
        lines.using(2, "a", Line) as other,
    ):
        assert one is same
        assert other is not one
    with lines.using(1, "a", Line) as again:
        assert (again is one, one.closed) == (True, 0)


def test_other_settings_make_another_and_the_old_one_ends_with_its_last_user(
    lines: SharedClients[str, Line],
) -> None:
    with lines.using(1, "a", Line) as old:
        with lines.using(1, "b", Line) as new:
            assert new is not old
        assert old.closed == 0, "somebody uses it"
    assert (old.closed, new.closed) == (1, 0)


def test_one_that_cannot_be_made_leaves_the_one_before(lines: SharedClients[str, Line]) -> None:
    def refuse() -> Line:
        raise ValueError("no address")

    with lines.using(1, "a", Line) as old:
        pass
    with pytest.raises(ValueError, match="no address"), lines.using(1, "b", refuse):
        pytest.fail("there is none")
    with lines.using(1, "a", Line) as again:
        assert again is old


def test_closing_waits_for_users(lines: SharedClients[str, Line]) -> None:
    with lines.using(1, "a", Line) as used:
        with lines.using(2, "a", Line) as idle:
            pass
        lines.close()
        assert (used.closed, idle.closed) == (0, 1)
    assert used.closed == 1
