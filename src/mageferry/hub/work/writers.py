"""Threads that write to the database at the same time: one after the other, or in one go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

_turn = threading.Lock()


@contextmanager
def one_writer() -> Iterator[None]:
    """Around a short transaction that writes, from outside of any other. On other databases than SQLite it does
    nothing.

    SQLite lets one transaction write at a time, and whoever comes meanwhile looks again now and then, up to a tenth of
    a second later. Threads of one process queue here instead, and go on the moment that it is their turn.
    """
    # Within a transaction the database's own lock may be held already: waiting for a thread that waits for that one
    # would have both wait.
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with _turn:
        yield


@dataclass(slots=True)
class _Entry[Given, Answer]:
    given: Given
    answers: Sequence[Answer] = ()
    error: BaseException | None = None
    is_done: bool = False


class Together[Given, Answer]:
    """Writes of several threads in one go: whoever comes first writes, with what all others have brought by then;
    those that come meanwhile are written next, together. So nobody waits longer than for one write before its own.

    `write` gets what was brought and gives an answer for each; what it raises, all of them raise.
    """

    def __init__(self, write: Callable[[Sequence[Given]], Sequence[Answer]]) -> None:
        self._write = write
        self._changed = threading.Condition()
        self._brought: list[_Entry[Given, Answer]] = []
        self._is_writing = False

    def bring(self, given: Given) -> Answer:
        """Returns when it is written, with its answer."""
        if connection.in_atomic_block:
            # Part of a transaction of this thread's own.
            return self._write([given])[0]
        entry = _Entry[Given, Answer](given)
        with self._changed:
            self._brought.append(entry)
            self._changed.wait_for(lambda: entry.is_done or not self._is_writing)
            if not entry.is_done:
                self._is_writing = True
                several, self._brought = self._brought, []
        if not entry.is_done:
            self._write_all(several)
        if entry.error is not None:
            raise entry.error
        return entry.answers[0]

    def _write_all(self, several: Sequence[_Entry[Given, Answer]]) -> None:
        error: BaseException | None = None
        answers: Sequence[Answer] = ()
        try:
            answers = self._write([entry.given for entry in several])
        except BaseException as problem:
            error = problem
        finally:
            with self._changed:
                for number, entry in enumerate(several):
                    entry.answers, entry.error, entry.is_done = answers[number : number + 1], error, True
                self._is_writing = False
                self._changed.notify_all()
