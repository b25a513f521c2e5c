"""Clients that threads share: one for each key, for as long as its settings stay as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Held[Settings, Client]:
    settings: Settings
    client: Client
    users: int = 0
    retired: bool = False


class SharedClients[Settings, Client]:
    """`close` ends a client; it is called when other settings have taken its place and nobody uses it any more."""

    def __init__(self, close: Callable[[Client], object]) -> None:
        self._close = close
        self._lock = threading.Lock()
        self._held: dict[Hashable, _Held[Settings, Client]] = {}

    @contextmanager
    def using(self, key: Hashable, settings: Settings, connect: Callable[[], Client]) -> Iterator[Client]:
        """The client of this key; where there is none of these settings `connect` makes one. What that raises is
        raised, and the one before stays."""
        with self._lock:
            held = self._held.get(key)
            if held is None or held.settings != settings:
                made = _Held(settings, connect())
                self._retire(held)
                held = self._held[key] = made
            held.users += 1
        try:
            yield held.client
        finally:
            with self._lock:
                held.users -= 1
                if held.retired and not held.users:
                    self._close(held.client)

    def close(self) -> None:
        """Let go of all: those that nobody uses are closed now, the others when their last user is done."""
        with self._lock:
            for held in self._held.values():
                self._retire(held)
            self._held.clear()

    def _retire(self, held: _Held[Settings, Client] | None) -> None:
        if held is not None:
            held.retired = True
            if not held.users:
                self._close(held.client)
