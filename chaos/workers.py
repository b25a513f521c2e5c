"""Worker processes that can be killed at any moment and are started again at once.

They are forked by a process that has loaded the hub but holds no connection and no thread, so that a start takes
milliseconds and hundreds of kills are affordable.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess

THREADS = 3
LEASE_SECONDS = 5.0
FORK = multiprocessing.get_context("fork")


class Crew:
    """Some workers; each that is killed is replaced. Make it before anything is opened: it forks at once."""

    def __init__(self, seed: int) -> None:
        self._pipe, theirs = FORK.Pipe()
        self._nursery = FORK.Process(target=_raise_workers, args=(theirs, self._pipe, seed))
        self._nursery.start()
        theirs.close()
        self._count = self.kills = 0

    def hire(self, count: int) -> None:
        """Start workers."""
        for _ in range(count):
            self._do("start")
        self._count += count

    def kill_one(self, chance: random.Random) -> None:
        """kill -9."""
        self._do(chance.randrange(self._count))
        self.kills += 1

    def end(self) -> None:
        """Kill them all. Without it the process that made the crew couldn't end, so call it in any case."""
        self._pipe.close()
        self._nursery.join()

    def _do(self, order: str | int) -> None:
        self._pipe.send(order)
        self._pipe.recv()


def _raise_workers(orders: Connection, other_end: Connection, seed: int) -> None:
    """The process that forks workers, and waits for those it kills: `start`, or the place of one to be replaced."""
    other_end.close()
    workers: list[ForkProcess] = []
    try:
        while True:
            order = orders.recv()
            if order == "start":
                workers.append(_start(seed))
            else:
                _end(workers[order])
                workers[order] = _start(seed)
            orders.send(None)
    except EOFError:
        # The run is over, or gone.
        for worker in workers:
            _end(worker)


def _start(seed: int) -> ForkProcess:
    worker = FORK.Process(target=_work, args=(seed,), daemon=True)
    worker.start()
    return worker


def _end(worker: ForkProcess) -> None:
    worker.kill()
    worker.join()


def _work(seed: int) -> None:
    """One worker process: it works until it is killed."""
    from mageferry.hub.work.dispatch import Worker

    random.seed(f"{seed}/{os.getpid()}")
    Worker(threads=THREADS, idle_seconds=0.25, lease_seconds=LEASE_SECONDS).run()
