"""Runs of several seeds side by side: each a process with a database of its own, forked when all is loaded."""

from __future__ import annotations

import os
import shutil
import time
from argparse import Namespace
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from chaos.workers import FORK

DATABASE, LOG = "hub.sqlite3", "log.txt"
# Beside the seconds that a run may take, and those for its end.
_GRACE_SECONDS = 300.0
_LOOK_EVERY_SECONDS = 5.0
_LOG_SHOWN = 4000
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(slots=True)
class Run:
    """What became of a seed: its result as plain data, empty when it broke off, and every difference."""

    seed: int
    result: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Running:
    seed: int
    process: ForkProcess
    folder: Path
    overdue_at: float


def run_seeds(given: Namespace, module: str, home: Path) -> Iterator[Run]:
    """The runs as they end, a few at a time. `home` is this process's hub, with nothing in it yet."""
    _prepare(module)
    seeds = deque(range(given.first, given.first + given.seeds))
    running: dict[Connection, _Running] = {}
    try:
        while seeds or running:
            while seeds and len(running) < given.jobs:
                pipe, started = _start(given, module, seeds.popleft(), home)
                running[pipe] = started
            _end_overdue(running.values())
            for ready in wait(list(running), timeout=_LOOK_EVERY_SECONDS):
                assert isinstance(ready, Connection)
                yield _end(given, ready, running.pop(ready))
    finally:
        for left in running.values():
            left.process.kill()


def _prepare(module: str) -> None:
    """Load all, and make the tables once: that takes longer than a short run. In a process of its own, since this one
    must not hold a connection when it forks."""
    loaded = import_module("chaos.loaded")
    import_module(module)
    making = FORK.Process(target=loaded.ready)
    making.start()
    making.join()
    if making.exitcode:
        raise SystemExit("The tables could not be made.")


def _start(given: Namespace, module: str, seed: int, home: Path) -> tuple[Connection, _Running]:
    folder = home / f"seed-{seed}"
    folder.mkdir()
    shutil.copy(home / DATABASE, folder)
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_play, args=(given, module, seed, folder, theirs))
    process.start()
    # Theirs is open in the run alone: when it breaks off, ours ends.
    theirs.close()
    overdue_at = time.monotonic() + given.seconds + _GRACE_SECONDS
    return ours, _Running(seed, process, folder, overdue_at)


def _play(given: Namespace, module: str, seed: int, folder: Path, answer: Connection) -> None:
    """The run itself, in its own process."""
    with (folder / LOG).open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    import_module("chaos.loaded").use_database(folder / DATABASE)
    result = import_module(module).run_seed(seed, given.orders, given.seconds)
    answer.send((asdict(result), result.verdict.problems))


def _end_overdue(running: Iterable[_Running]) -> None:
    for each in running:
        if time.monotonic() > each.overdue_at:
            each.process.kill()


def _end(given: Namespace, pipe: Connection, ended: _Running) -> Run:
    run = Run(ended.seed)
    log = (ended.folder / LOG).read_text(encoding="utf-8", errors="replace")
    try:
        run.result, run.problems = pipe.recv()
        run.problems += surprises(log)
    except EOFError:
        run.problems = [f"it broke off:\n{log[-_LOG_SHOWN:]}"]
    ended.process.join()
    ended.process.close()
    if run.problems and given.keep is not None:
        shutil.copytree(ended.folder, given.keep / ended.folder.name, dirs_exist_ok=True)
    shutil.rmtree(ended.folder)
    return run


def surprises(log: str) -> list[str]:
    """What nobody foresaw: an exception that the hub caught, logged and tried again after. Faults of other systems are
    outcomes and killed workers say nothing, so there is none, though everything may have ended well."""
    begin = log.find(_TRACEBACK)
    return [f"unexplained: an exception in the log:\n{log[begin : begin + _LOG_SHOWN]}"] if begin >= 0 else []
