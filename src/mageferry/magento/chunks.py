"""Many records by direct calls, so many at once: for shops whose consumers do not run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mageferry.http import Flow
from mageferry.http.flow import Sleep
from mageferry.magento.errors import MagentoError, Rejected, Transient, Unclear
from mageferry.magento.operations import (
    BulkOptions,
    BulkProgress,
    BulkReport,
    OperationResult,
    OperationStatus,
    Watcher,
    sku_of,
)

type SaveList = Callable[[Sequence[Mapping[str, Any]]], Flow[None]]


def save_in_chunks(
    save: SaveList,
    items: Sequence[Mapping[str, Any]],
    options: BulkOptions,
    watch: Watcher | None,
) -> Flow[BulkReport]:
    """Save source items by direct calls, so many at once: a chunk that is refused is halved until the ones at fault
    are known. Needs no consumer; slower than a bulk."""
    for item in items:
        sku_of(item)
    results: list[OperationResult] = []
    complete = 0
    pending = [items[at : at + options.batch_size] for at in range(0, len(items), options.batch_size)][::-1]
    while pending:
        chunk = pending.pop()
        error = yield from _save_chunk(save, chunk, options)
        if error is None:
            complete += len(chunk)
            results.extend(OperationResult(sku_of(item), OperationStatus.COMPLETE) for item in chunk)
        elif isinstance(error, Rejected) and len(chunk) > 1:
            middle = len(chunk) // 2
            pending += [chunk[middle:], chunk[:middle]]
        else:
            status = OperationStatus.FAILED if isinstance(error, Rejected) else OperationStatus.RETRIABLE
            results.extend(
                OperationResult(sku_of(item), status, error.message, error.remedy) for item in chunk
            )
        if watch is not None:
            watch(BulkProgress(len(items), len(results), complete, len(results) - complete))
    return BulkReport(tuple(results))


def _save_chunk(
    save: SaveList, chunk: Sequence[Mapping[str, Any]], options: BulkOptions
) -> Flow[MagentoError | None]:
    """One call; a lost reply is sent again, the quantities are absolute. The error that remains, or None."""
    error: MagentoError | None = None
    for attempt in range(1, options.attempts + 1):
        try:
            yield from save(chunk)
            return None
        except Rejected as refused:
            return refused
        except (Transient, Unclear) as failed:
            error = failed
            if attempt < options.attempts:
                yield Sleep(failed.wait_seconds or options.poll_seconds * 2**attempt)
    return error
