"""Threads that write to the database at the same time: one after the other, or in one go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

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


class _Entry[Given, Answer]:
    """What one thread has brought. `turn` is released when it is written, or when this thread is to write."""

    __slots__ = ("answers", "error", "given", "is_done", "turn")

    def __init__(self, given: Given) -> None:
        self.given = given
        self.answers: Sequence[Answer] = ()
        self.error: BaseException | None = None
        self.is_done = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Together[Given, Answer]:
    """Writes of several threads in one go: whoever comes first writes; what others bring meanwhile is written next,
    together, by the first of them. So nobody waits for more than one write before its own.

    `write` gets what was brought and gives an answer for each; what it raises, all of them raise.
    """

    def __init__(self, write: Callable[[Sequence[Given]], Sequence[Answer]]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._brought: list[_Entry[Given, Answer]] = []
        self._is_writing = False

    def bring(self, given: Given) -> Answer:
        """Returns when it is written, with its answer."""
        if connection.in_atomic_block:
            # Part of a transaction of this thread's own.
            return self._write([given])[0]
        entry = _Entry[Given, Answer](given)
        with self._lock:
            self._brought.append(entry)
            waits, self._is_writing = self._is_writing, True
        if waits:
            entry.turn.acquire()
        if not entry.is_done:
            self._write_all()
        if entry.error is not None:
            raise entry.error
        return entry.answers[0]

    def _write_all(self) -> None:
        with self._lock:
            several, self._brought = self._brought, []
        error: BaseException | None = None
        answers: Sequence[Answer] = ()
        try:
            answers = self._write([entry.given for entry in several])
        except BaseException as problem:
            error = problem
        for number, entry in enumerate(several):
            entry.answers, entry.error, entry.is_done = answers[number : number + 1], error, True
            # Of the thread that writes it is released as well: nobody waits for that one.
            entry.turn.release()
        with self._lock:
            if self._brought:
                self._brought[0].turn.release()
            else:
                self._is_writing = False
