"""Worker processes that can be killed at any moment and are started again at once.

They are forked from a clean process that has loaded the hub but holds no connection and no thread, so that a start
takes milliseconds and hundreds of kills are affordable.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from multiprocessing.context import ForkServerProcess

THREADS = 3
LEASE_SECONDS = 5.0


def prepare() -> None:
    """Load the hub once, for all workers to come. Call it before the first one is started."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["chaos.loaded"])


def work(seed: int) -> None:
    """One worker process: it works until it is killed."""
    from mageferry.hub.work.dispatch import Worker

    random.seed(f"{seed}/{os.getpid()}")
    Worker(threads=THREADS, idle_seconds=0.1, lease_seconds=LEASE_SECONDS).run()


class Crew:
    """Some workers; each that is killed is replaced."""

    def __init__(self, count: int, seed: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._seed = seed
        self.kills = 0
        self._workers = [self._start() for _ in range(count)]

    def _start(self) -> ForkServerProcess:
        process = self._context.Process(target=work, args=(self._seed,), daemon=True)
        process.start()
        return process

    def kill_one(self, chance: random.Random) -> None:
        """kill -9."""
        place = chance.randrange(len(self._workers))
        self._workers[place].kill()
        self._workers[place].join()
        self._workers[place] = self._start()
        self.kills += 1

    def end(self) -> None:
        for process in self._workers:
            process.kill()
        for process in self._workers:
            process.join()
