"""Kinds of units and their handlers: what a worker does with a claimed unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from mageferry.hub.work import ledger, tracing
from mageferry.hub.work.leases import LeaseLost
from mageferry.hub.work.units import Claim, Outcome

log = structlog.stdlib.get_logger(__name__)

Handler = Callable[[Claim], Outcome]


@dataclass(frozen=True, slots=True)
class _Handling:
    handler: Callable[..., Outcome]
    load: Callable[[Sequence[Claim]], Mapping[int, Any]] | None = None
    release: Callable[[Mapping[int, Any]], None] = lambda loaded: None
    for_all_threads: bool = False

    def run(self, held: Claim, loaded: Mapping[int, Any]) -> Outcome:
        if self.load is None:
            return self.handler(held)
        if held.pk in loaded:
            return self.handler(held, loaded[held.pk])
        alone = self.load([held])
        try:
            return self.handler(held, alone[held.pk])
        finally:
            self.release(alone)


_handlings: dict[str, _Handling] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a kind of unit."""

    def declare(handler: Handler) -> Handler:
        _handlings[kind] = _Handling(handler)
        return handler

    return declare


def handles_loaded[Loaded](
    kind: str,
    load: Callable[[Sequence[Claim]], Mapping[int, Loaded]],
    release: Callable[[Mapping[int, Loaded]], None] = lambda loaded: None,
    *,
    for_all_threads: bool = False,
) -> Callable[[Callable[[Claim, Loaded], Outcome]], Callable[[Claim, Loaded], Outcome]]:
    """Declare the handler of a kind whose units are loaded together: `load` gives what each unit of a batch is about,
    by the unit's key, with a few queries for all of them; `release` closes it when they are done.

    `for_all_threads`: units that were loaded together may be worked on by several threads at a time, and nothing has
    to be released; else one thread does them all, one after the other.
    """

    def declare(handler: Callable[[Claim, Loaded], Outcome]) -> Callable[[Claim, Loaded], Outcome]:
        _handlings[kind] = _Handling(handler, load, release, for_all_threads)
        return handler

    return declare


def is_dealt_out(kind: str) -> bool:
    """Whether units of this kind that were claimed together needn't stay with one thread."""
    handling = _handlings.get(kind)
    return handling is None or handling.load is None or handling.for_all_threads


def load_for_all(claims: Sequence[Claim]) -> Mapping[int, Any]:
    """What units that may go to several threads are about, for the kinds that are loaded together."""
    loaded: dict[int, Any] = {}
    for handling, group in _loading(claims):
        loaded |= _load(handling, group)
    return loaded


@contextmanager
def loaded_together(claims: Sequence[Claim], known: Mapping[int, Any]) -> Iterator[Mapping[int, Any]]:
    """What the units of one thread are about, for the kinds that are loaded together. `known` is loaded already."""
    loaded = dict(known)
    with ExitStack() as stack:
        for handling, group in _loading([held for held in claims if held.pk not in known]):
            some = _load(handling, group)
            if some:
                stack.callback(handling.release, some)
            loaded |= some
        yield loaded


def _loading(claims: Sequence[Claim]) -> Iterator[tuple[_Handling, list[Claim]]]:
    for kind in {held.unit.kind for held in claims}:
        handling = _handlings.get(kind)
        if handling is not None and handling.load is not None:
            yield handling, [held for held in claims if held.unit.kind == kind]


def _load(handling: _Handling, claims: Sequence[Claim]) -> Mapping[int, Any]:
    assert handling.load is not None
    try:
        return handling.load(claims)
    except Exception:
        # One of them may be the reason: each is loaded again by itself, where it fails alone.
        log.exception("Units couldn't be loaded together", kind=claims[0].unit.kind)
        return {}


def attempt(held: Claim, loaded: Mapping[int, Any]) -> Outcome | None:
    """One attempt at a claimed unit. None: the lease was lost, another worker has it."""
    unit = held.unit
    handling = _handlings.get(unit.kind)
    if handling is None:
        return ledger.failed(
            f"This version of the hub has no handler for {unit.kind!r}.",
            "Update the worker that took it, or skip the unit.",
        )
    with (
        structlog.contextvars.bound_contextvars(unit=unit.pk, kind=unit.kind, attempt=unit.attempts),
        tracing.span(f"unit {unit.kind}", parent=unit.trace, unit=unit.pk, connector=unit.connector_key),
    ):
        try:
            return handling.run(held, loaded)
        except LeaseLost:
            log.warning("Lease lost, the unit is left to its new holder")
            return None
        except Exception as error:
            # The unit's step says whether something was sent; the next attempt looks first.
            log.exception("Unit failed unexpectedly", subject=unit.subject)
            return unexpected(held, error)


def unexpected(held: Claim, error: Exception) -> Outcome:
    """The outcome of an attempt that a bug or an odd record ended."""
    return ledger.retry(
        f"Unexpected error: {type(error).__name__}.",
        wait_seconds=min(30 * 2**held.unit.attempts, 3600),
        remedy="The details are in the hub's log. It is tried again by itself; report it if it stays.",
    )
