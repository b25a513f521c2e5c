"""Bulk writes: many records in few requests, carried out later by the shop's queue consumers.

    POST /async/bulk/V1/...            202 and a uuid: one operation for each entry
    GET  /V1/bulk/{uuid}/status        what became of each of them
    operations that failed for now     sent again, alone

Everything that is written this way here is an absolute value (a product's fields, a quantity), so sending an entry
twice leaves the shop as sending it once does. That is why a bulk whose reply was lost is simply sent again.
https://developer.adobe.com/commerce/webapi/rest/use-rest/bulk-endpoints/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mageferry.http import Flow
from mageferry.http.flow import Sleep
from mageferry.magento.errors import NotFound, Rejected, Transient, Unclear
from mageferry.magento.operations import (
    BulkOptions,
    BulkProgress,
    BulkReport,
    Operation,
    OperationResult,
    OperationStatus,
    Watcher,
    product_operations,
    source_item_operations,
)
from mageferry.magento.plans import ShopPlans
from mageferry.magento.types import Json, Row

NO_CONSUMER: Final = "No consumer runs: the shop accepted the operations and has carried out none of them"
STALLED: Final = "The shop's consumers stopped: these operations stay open"
START_CONSUMERS: Final = (
    "Start them in the shop: bin/magento queue:consumers:start async.operations.all, or let cron do it "
    "(cron_consumers_runner in app/etc/env.php). Accepted operations are carried out then; sending them again does "
    "no harm."
)
_SENT_AGAIN: Final = "Send these again later: they write absolute values, so twice does no harm."
_UNKNOWN_BULK: Final = "The shop does not know the bulk any more; whether this was carried out is unknown"
_SLOWER: Final = 1.5


@dataclass(slots=True)
class _Task:
    """An operation on its way: how often it was sent."""

    operation: Operation
    attempts: int = 0


@dataclass(slots=True)
class _Sent:
    """A bulk that the shop accepted: its tasks by their ids that are still open."""

    uuid: str
    open: dict[int, _Task]
    size: int


@dataclass(slots=True)
class BulkRun:
    """Sends operations to one bulk endpoint and follows them to their end."""

    plans: ShopPlans
    method: str
    path: str
    store_code: str | None = None
    options: BulkOptions = field(default_factory=BulkOptions)
    watch: Watcher | None = None
    _results: list[OperationResult] = field(default_factory=list)
    _total: int = 0
    _accepted: int = 0
    _complete: int = 0

    def flow(self, operations: Iterable[Operation]) -> Flow[BulkReport]:
        """Send all, wait for all. Raises SignInError and ConfigurationError; whatever concerns single records is in
        the report."""
        todo = [_Task(operation) for operation in operations]
        self._total = sum(len(task.operation.names) for task in todo)
        while todo:
            sent = yield from self._send_all(todo)
            self._tell()
            todo = yield from self._follow(sent)
        self._tell()
        return BulkReport(tuple(self._results))

    def _send_all(self, tasks: Sequence[_Task]) -> Flow[list[_Sent]]:
        sent: list[_Sent] = []
        batches = list(_batches(tasks, self.options.batch_size))
        for number, batch in enumerate(batches):
            try:
                sent += yield from self._send(batch)
            except (Transient, Unclear) as error:
                # The shop does not answer: what was accepted is followed, the rest is left for another time.
                for task in (task for each in batches[number:] for task in each):
                    self._end(task, OperationStatus.RETRIABLE, error.message, _SENT_AGAIN)
                break
            self._tell()
        return sent

    def _send(self, batch: Sequence[_Task]) -> Flow[list[_Sent]]:
        """The bulks that a batch became: one, or more where the shop refuses the whole of it for one entry."""
        try:
            answer = yield from self._post([task.operation.body for task in batch])
        except Rejected as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                first = yield from self._send(batch[:middle])
                return first + (yield from self._send(batch[middle:]))
            self._end(batch[0], OperationStatus.REJECTED, error.message, error.remedy)
            return []
        return [self._accept(batch, answer)]

    def _post(self, bodies: Sequence[Mapping[str, Any]]) -> Flow[Json]:
        """One bulk request, sent again while its reply is lost: all of it is absolute values."""
        for attempt in range(1, self.options.attempts + 1):
            try:
                return (
                    yield from self.plans.call(
                        self.method, f"/async/bulk{self.path}", json=bodies, store_code=self.store_code
                    )
                )
            except (Transient, Unclear) as error:
                if attempt == self.options.attempts:
                    raise
                yield Sleep(error.wait_seconds or self.options.poll_seconds * 2**attempt)
        raise AssertionError("attempts is at least 1")

    def _accept(self, batch: Sequence[_Task], answer: Json) -> _Sent:
        uuid = answer.get("bulk_uuid") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(uuid, str) or not uuid:
            raise Unclear("The shop's answer to a bulk has no bulk_uuid", remedy=_SENT_AGAIN)
        entries = answer.get("request_items")
        turned_down = {
            int(entry["id"]): str(entry.get("error_message") or "The shop rejected the entry")
            for entry in (entries if isinstance(entries, list) else [])
            if isinstance(entry, dict) and entry.get("status") == "rejected" and "id" in entry
        }
        sent = _Sent(uuid, {}, len(batch))
        for number, task in enumerate(batch):
            task.attempts += 1
            if number in turned_down:
                self._end(task, OperationStatus.REJECTED, turned_down[number], uuid=uuid)
                continue
            if task.attempts == 1:
                self._accepted += len(task.operation.names)
            sent.open[number] = task
        return sent

    def _follow(self, bulks: list[_Sent]) -> Flow[list[_Task]]:
        """Poll until nothing is open or patience ends. Returns what has to be sent again."""
        again: list[_Task] = []
        waited = 0.0
        wait = self.options.poll_seconds
        while bulks := [bulk for bulk in bulks if bulk.open]:
            yield Sleep(wait)
            waited += wait
            before = sum(len(bulk.open) for bulk in bulks)
            for bulk in bulks:
                again += yield from self._poll(bulk)
            if sum(len(bulk.open) for bulk in bulks) < before:
                waited, wait = 0.0, self.options.poll_seconds
                self._tell()
            elif waited >= self.options.patience_seconds:
                self._give_up(bulks)
                break
            else:
                wait = min(wait * _SLOWER, self.options.longest_poll_seconds)
        return again

    def _poll(self, bulk: _Sent) -> Flow[list[_Task]]:
        """Take in what became of a bulk's operations. Returns what has to be sent again."""
        try:
            answer = yield from self.plans.call("GET", f"/V1/bulk/{bulk.uuid}/status")
            found = _operations_of(answer, bulk.size)
            if any(_lacks_words(each) for number, each in found.items() if number in bulk.open):
                # Some releases give the text of a failure in the detailed form only.
                answer = yield from self.plans.call("GET", f"/V1/bulk/{bulk.uuid}/detailed-status")
                found = _operations_of(answer, bulk.size)
        except Transient:
            return []
        except NotFound:
            for task in bulk.open.values():
                self._end(task, OperationStatus.OPEN, _UNKNOWN_BULK, _SENT_AGAIN, bulk.uuid)
            bulk.open.clear()
            return []
        again: list[_Task] = []
        for number in list(bulk.open):
            status = _status_of(found.get(number))
            if status is not OperationStatus.OPEN:
                message = str(found[number].get("result_message") or "")
                again += self._settle(bulk.open.pop(number), status, message, bulk.uuid)
        return again

    def _settle(self, task: _Task, status: OperationStatus, message: str, uuid: str) -> list[_Task]:
        if status is OperationStatus.COMPLETE:
            self._complete += len(task.operation.names)
            message = ""
        elif status is OperationStatus.RETRIABLE and task.attempts < self.options.attempts:
            return [task]
        elif status is OperationStatus.FAILED and task.operation.split is not None:
            # One of its records is at fault, and none was written: each by itself now.
            return [_Task(part, attempts=1) for part in task.operation.split()]
        remedy = _SENT_AGAIN if status is OperationStatus.RETRIABLE else ""
        if status in (OperationStatus.FAILED, OperationStatus.REJECTED):
            remedy = "Correct what the message names, then send this record again."
        self._end(task, status, message, remedy, uuid)
        return []

    def _give_up(self, bulks: Sequence[_Sent]) -> None:
        nothing_done = not self._complete and all(len(bulk.open) == bulk.size for bulk in bulks)
        for bulk in bulks:
            for task in bulk.open.values():
                reason = NO_CONSUMER if nothing_done else STALLED
                self._end(task, OperationStatus.OPEN, reason, START_CONSUMERS, bulk.uuid)

    def _end(
        self, task: _Task, status: OperationStatus, message: str, remedy: str = "", uuid: str = ""
    ) -> None:
        self._results.extend(
            OperationResult(name, status, message, remedy, uuid) for name in task.operation.names
        )

    def _tell(self) -> None:
        if self.watch is not None:
            failed = len(self._results) - self._complete
            self.watch(BulkProgress(self._total, self._accepted, self._complete, failed))


def _batches(tasks: Sequence[_Task], size: int) -> Iterator[Sequence[_Task]]:
    for start in range(0, len(tasks), size):
        yield tasks[start : start + size]


def _operations_of(answer: Json, size: int) -> dict[int, Row]:
    """The operations of a status answer by their place in the bulk; those that it leaves out are open."""
    listed = answer.get("operations_list") if isinstance(answer, dict) else None
    rows = [each for each in listed or [] if isinstance(each, dict) and isinstance(each.get("id"), int)]
    by_id = {int(each["id"]): each for each in rows}
    if len(rows) == size and set(by_id) != set(range(size)):
        # Magento 2.3 gives the rows' own numbers, ascending in the order of the entries.
        return dict(enumerate(by_id[number] for number in sorted(by_id)))
    return by_id


def _status_of(operation: Row | None) -> OperationStatus:
    try:
        return OperationStatus(operation["status"]) if operation else OperationStatus.OPEN
    except (KeyError, ValueError):
        return OperationStatus.OPEN


def _lacks_words(operation: Row) -> bool:
    failed = _status_of(operation) not in (OperationStatus.OPEN, OperationStatus.COMPLETE)
    return failed and not operation.get("result_message")


def save_products(
    plans: ShopPlans,
    products: Iterable[Mapping[str, Any]],
    store_code: str,
    options: BulkOptions,
    watch: Watcher | None,
) -> Flow[BulkReport]:
    """Products by `POST`, which changes those that are there."""
    bulk = BulkRun(plans, "POST", "/V1/products", store_code, options, watch)
    return bulk.flow(list(product_operations(products)))


def save_source_items(
    plans: ShopPlans, items: Sequence[Mapping[str, Any]], options: BulkOptions, watch: Watcher | None
) -> Flow[BulkReport]:
    """Quantities at sources, several in one operation."""
    bulk = BulkRun(plans, "POST", "/V1/inventory/source-items", None, options, watch)
    return bulk.flow(list(source_item_operations(items, options.items_per_operation)))


def send_entries(
    plans: ShopPlans,
    method: str,
    path: str,
    entries: Iterable[tuple[str, Mapping[str, Any]]],
    store_code: str | None,
    options: BulkOptions,
    watch: Watcher | None,
) -> Flow[BulkReport]:
    """Entries of any bulk endpoint, each with its name."""
    bulk = BulkRun(plans, method, path, store_code, options, watch)
    return bulk.flow([Operation((name,), body) for name, body in entries])
