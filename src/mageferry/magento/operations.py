"""Writes of many records as values: what is sent, how patiently, and what became of each record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class OperationStatus(IntEnum):
    """Magento's own numbers."""

    COMPLETE = 1
    RETRIABLE = 2
    FAILED = 3
    OPEN = 4
    REJECTED = 5


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """How to send and how long to wait.

    `batch_size`: operations in one request. `items_per_operation`: source items in one operation; when it fails
    each of them is sent by itself, so that the one at fault is known. `attempts`: how often an operation is sent
    that fails for now. `patience_seconds`: waiting time without any operation getting done, then the run gives up.
    """

    batch_size: int = 100
    items_per_operation: int = 50
    attempts: int = 3
    poll_seconds: float = 1.0
    longest_poll_seconds: float = 15.0
    patience_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name in ("batch_size", "items_per_operation", "attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is a whole number from 1, not {getattr(self, name)!r}")
        if self.poll_seconds <= 0 or self.longest_poll_seconds < self.poll_seconds:
            raise ValueError("poll_seconds is above 0 and at most longest_poll_seconds")


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of a bulk: the names (SKUs) of what it writes, its arguments, and what to send instead of it when
    it fails as a whole."""

    names: tuple[str, ...]
    body: Mapping[str, Any]
    split: Callable[[], Sequence[Operation]] | None = None


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What became of one record: `name` is its SKU, `message` the shop's text, `remedy` how to mend a failure."""

    name: str
    status: OperationStatus
    message: str = ""
    remedy: str = ""
    bulk_uuid: str = ""


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """Records, not operations: how many there are, were accepted, are done, failed."""

    total: int
    accepted: int
    complete: int
    failed: int

    @property
    def open(self) -> int:
        """Accepted and not known to be done or failed."""
        return max(0, self.accepted - self.complete - self.failed)


type Watcher = Callable[[BulkProgress], object]


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What became of every record."""

    results: tuple[OperationResult, ...]

    @property
    def complete(self) -> int:
        """How many records were written."""
        return sum(1 for each in self.results if each.status is OperationStatus.COMPLETE)

    @property
    def failures(self) -> tuple[OperationResult, ...]:
        """The records that were not written, or not yet, and why."""
        return tuple(each for each in self.results if each.status is not OperationStatus.COMPLETE)


def product_operations(products: Iterable[Mapping[str, Any]]) -> Iterator[Operation]:
    """One operation for each product. Raises ValueError for one without a SKU."""
    for product in products:
        yield Operation((sku_of(product),), {"product": dict(product)})


def source_item_operations(items: Sequence[Mapping[str, Any]], per_operation: int) -> Iterator[Operation]:
    """Source items, several in one operation. Raises ValueError for one without a SKU."""
    for start in range(0, len(items), per_operation):
        yield _source_items(items[start : start + per_operation])


def _source_items(items: Sequence[Mapping[str, Any]]) -> Operation:
    names = tuple(sku_of(item) for item in items)
    body = {"sourceItems": [dict(item) for item in items]}
    if len(items) == 1:
        return Operation(names, body)
    return Operation(names, body, lambda: [_source_items([item]) for item in items])


def sku_of(record: Mapping[str, Any]) -> str:
    """The SKU of a record to send. Raises ValueError when it has none: Magento answers that with a crash."""
    sku = record.get("sku")
    if not isinstance(sku, str) or not sku.strip():
        raise ValueError(f"A record without a SKU cannot be sent: {dict(record)!r:.200}")
    return sku
