"""Who is told when a person retries units of work: rooms that count attempts beyond a retry, or show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from mageferry.hub.work.models import WorkUnit

type Listener = Callable[[Sequence[WorkUnit], str], None]

_listeners: dict[str, list[Listener]] = defaultdict(list)


def on_retry(kind: str) -> Callable[[Listener], Listener]:
    """Have a function told of units of this kind as they were before they are due again, and by whom ("" when nobody
    said), within the transaction that does it."""

    def register(listener: Listener) -> Listener:
        _listeners[kind].append(listener)
        return listener

    return register


def tell_of_retry(units: Sequence[WorkUnit], by: str) -> None:
    """Tell those who asked for it."""
    for kind, listeners in _listeners.items():
        own = [unit for unit in units if unit.kind == kind]
        for listener in listeners if own else ():
            listener(own, by)
