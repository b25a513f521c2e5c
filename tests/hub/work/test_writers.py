"""Writes of several threads in one go."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from mageferry.hub.work.writers import Together

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 20


class Paper:
    """Something to write on; the first write waits until it is told to go on."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def write(self, numbers: Sequence[int]) -> list[str]:
        self.writes.append(sorted(numbers))
        if len(self.writes) == 1:
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        if 13 in numbers:
            raise ValueError("no thirteen here")
        return [f"wrote {number}" for number in numbers]


def bring_while_the_first_is_written(paper: Paper, first: int, others: Sequence[int]) -> list[Future[str]]:
    together = Together(paper.write)
    with ThreadPoolExecutor(1 + len(others)) as pool:
        brought = [pool.submit(together.bring, first)]
        assert paper.begun.wait(SECONDS)
        brought += [pool.submit(together.bring, number) for number in others]
        while len(together._brought) < len(others):
            threading.Event().wait(0.001)
        paper.go_on.set()
    return brought


def test_what_comes_during_a_write_is_written_together_and_each_gets_its_own_answer():
    paper = Paper()
    brought = bring_while_the_first_is_written(paper, 1, [2, 3, 4])
    assert paper.writes == [[1], [2, 3, 4]]
    assert [each.result() for each in brought] == ["wrote 1", "wrote 2", "wrote 3", "wrote 4"]


def test_what_a_write_raises_all_of_them_raise_and_the_next_goes_on():
    paper = Paper()
    first, *others = bring_while_the_first_is_written(paper, 1, [12, 13])
    assert first.result() == "wrote 1"
    for each in others:
        with pytest.raises(ValueError, match="no thirteen"):
            each.result()
    assert Together(paper.write).bring(5) == "wrote 5"


def test_within_a_transaction_of_its_own_a_thread_writes_by_itself():
    """Nobody who waits for this transaction's locks is waited for."""
    inside: list[bool] = []

    def write(numbers: Sequence[int]) -> Sequence[int]:
        inside.append(connection.in_atomic_block)
        return numbers

    with transaction.atomic():
        assert Together(write).bring(1) == 1
    assert Together(write).bring(2) == 2
    assert inside == [True, False]
