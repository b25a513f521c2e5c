"""How far a chain has come: enough to go on after a crash without doing anything twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from mageferry.http.publisher.result import Outcome


class ChainStateError(ValueError):
    """A stored state that cannot be read."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a step, or of it for one item: DONE or SKIPPED. `item` tells items apart, `items` are a
    for-each step's."""

    outcome: Outcome
    body: Any = field(default=None, repr=False)
    remote_id: str | int | None = None
    status: int | None = None
    adopted: bool = False
    item: str = ""


@dataclass(frozen=True, slots=True)
class ChainState:
    """Steps that are finished, by name, and the one at work.

    `sending`: its request is about to go or has gone, and no answer was kept: what became of it is not known.
    `answered`: the answer is kept, its ids may not be in the id map yet. `items`: those of a for-each step that
    are finished, in order. Bodies are kept as they came, not masked: store a state as safely as the answers.
    """

    finished: Mapping[str, Finished] = field(default_factory=dict)
    current: str = ""
    items: tuple[Finished, ...] = ()
    item: str = ""
    sending: bool = False
    answered: Finished | None = None
    ended: Outcome | None = None
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """As decoded JSON."""
        written: dict[str, Any] = {"version": _VERSION, **_ADAPTER.dump_python(self, mode="json")}
        return written

    @staticmethod
    def from_json(stored: Any) -> ChainState:
        """What `to_json` gave. Raises ChainStateError."""
        if not isinstance(stored, dict) or stored.get("version") != _VERSION:
            raise ChainStateError("This is no state of a chain, or one of another version")
        try:
            return _ADAPTER.validate_python(
                {name: item for name, item in stored.items() if name != "version"}
            )
        except ValidationError as error:
            places = sorted({".".join(map(str, found["loc"])) for found in error.errors(include_input=False)})
            raise ChainStateError(f"The state of the chain is broken: {', '.join(places)}") from None

    def send_again(self) -> ChainState:
        """After someone has looked and it is not there: the step at work is sent once more."""
        return replace(self, sending=False)

    def settle(self, body: Any = None, remote_id: str | int | None = None) -> ChainState:
        """After someone has looked and it is there: the step at work goes on as if this had been the answer."""
        done = Finished(Outcome.DONE, body, remote_id, adopted=True, item=self.item)
        return replace(self, sending=False, answered=done)

    def finish(self, step: str, done: Finished) -> ChainState:
        """With this step finished, and none at work."""
        return ChainState(finished={**self.finished, step: done})

    def finish_item(self, done: Finished) -> ChainState:
        """With one more item of the step at work finished."""
        return replace(self, items=(*self.items, done), item="", sending=False, answered=None)


_VERSION: Final = 1
_ADAPTER: Final = TypeAdapter(ChainState)
