"""A run that doesn't come to its end is a bad one, whatever the comparison says."""

from argparse import Namespace
from dataclasses import asdict

import pytest

from chaos.__main__ import show
from chaos.play import play
from chaos.runs import Run, surprises
from chaos.verdict import Verdict
from chaos.workers import Crew


class Stuck:
    """A story in which one order never gets anywhere, and the comparison sees nothing wrong."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def ask(self) -> None:
        self.told.append("ask")

    def act(self) -> None:
        self.told.append("act")

    def look(self) -> None:
        self.told.append("look")

    def left(self) -> list[str]:
        return ["order M-7 isn't shipped"]

    def calm(self) -> int:
        self.told.append("calm")
        return 12

    def compare(self) -> Verdict:
        return Verdict()


class NoCrew(Crew):
    """Nobody works."""

    def __init__(self) -> None:
        self.kills = 0

    def hire(self, count: int) -> None:
        self.hired = count

    def end(self) -> None:
        self.hired = 0


def test_what_was_still_open_is_a_difference() -> None:
    story = Stuck()
    result = play(story, NoCrew(), 1, 0, (60, 60), settle_seconds=0)
    assert result.verdict.problems == ["not at its end: order M-7 isn't shipped"]
    assert (result.faults, result.kills) == (12, 0)
    # Once more after all is calm: nothing of what was left open is left to itself.
    assert story.told == ["ask", "look", "act", "calm", "ask", "look", "act"]


def test_every_difference_is_shown_beside_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = Verdict(counts={"exported": 2}, lost=["order M-3 in the shop: 0 of 1"])
    whole = Run(5, {"verdict": asdict(verdict), "faults": 9, "kills": 4}, verdict.problems)
    broken_off = Run(6, problems=["it broke off"])
    show(Namespace(story="flows", orders=4), [whole, broken_off])
    printed = capsys.readouterr().out
    assert "FAILED seed 5: lost: order M-3 in the shop: 0 of 1" in printed
    assert "FAILED seed 6: it broke off" in printed


def test_an_exception_that_the_hub_got_over_is_a_difference() -> None:
    assert surprises("09:00:01 WARNING work: Lease lost, the unit is left to its new holder") == []
    (told,) = surprises(
        "09:00:02 ERROR work: Unit failed unexpectedly\nTraceback (most recent call last)\nKeyError: 'sku'"
    )
    assert told.startswith("unexplained: ")
    assert "KeyError: 'sku'" in told
