"""Asynchronous requests: bulks of operations that are accepted at once and executed later by consumers.

An operation is open (4) until a consumer took it; then it is complete (1), failed for now (2), or failed
for good (3).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import cast

import orjson

from mageferry.sandbox.database import Database
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.tables import BULKS, OPERATIONS

TOPIC_PREFIX = "async."


class OperationStatus(IntEnum):
    COMPLETE = 1
    RETRIABLE = 2
    FAILED = 3
    OPEN = 4
    REJECTED = 5


@dataclass(frozen=True, slots=True)
class Job:
    """What one operation asks for: a route by method and template, and its arguments as they were sent."""

    method: str
    template: str
    arguments: Record
    store_code: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job. ``result`` is the answer as JSON, None for a service without one."""

    status: OperationStatus
    message: str
    result: str | None = None


class BulkBook:
    """Keeps bulks and their operations. ``clock`` gives the shop's time as text."""

    def __init__(self, database: Database, clock: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock

    def schedule(self, topic: str, jobs: list[Job], user: tuple[int, int], store_id: int) -> Record:
        """Accept jobs as one bulk; ``user`` is kind and id. The answer to the request."""
        key = str(uuid.uuid4())
        now = self._clock()
        bulk: Record = {
            "user_type": user[0],
            "bulk_id": key,
            "description": f"Topic {topic}",
            "start_time": now,
            "user_id": user[1],
            "operation_count": len(jobs),
        }
        row: Record = {"bulk_key": self._database.next_id(BULKS.name), "uuid": key}
        self._database.save(BULKS, row, encode_json(bulk))
        items: list[Value] = []
        for number, job in enumerate(jobs):
            serialised = _serialise(job, store_id)
            self._save(None, number, _operation(number, key, topic, serialised), job, now)
            digest = hashlib.sha256(serialised.encode()).hexdigest()
            items.append({"id": number, "data_hash": digest, "status": "accepted"})
        return {"bulk_uuid": key, "request_items": items, "errors": False}

    def _save(self, key: int | None, number: int, operation: Record, job: Job, started: str) -> None:
        row: Record = {
            "operation_key": key or self._database.next_id(OPERATIONS.name),
            "id": number,
            "bulk_uuid": operation["bulk_uuid"],
            "topic_name": operation["topic_name"],
            "status": operation["status"],
            "start_time": started,
            "job": json.dumps(asdict(job)),
        }
        self._database.save(OPERATIONS, row, encode_json(operation))

    def bulk(self, key: str) -> Record | None:
        body = self._database.value("SELECT body FROM magento_bulk WHERE uuid = ?", (key,))
        return cast("Record", orjson.loads(body)) if isinstance(body, str) else None

    def operations(self, key: str) -> list[Record]:
        rows = self._database.rows(
            "SELECT body FROM magento_operation WHERE bulk_uuid = ? ORDER BY operation_key", (key,)
        )
        return [cast("Record", orjson.loads(str(body))) for (body,) in rows]

    def count(self, key: str, status: int) -> int:
        found = self._database.value(
            "SELECT COUNT(*) FROM magento_operation WHERE bulk_uuid = ? AND status = ?", (key, status)
        )
        return to_int(found)

    def run_open(
        self, execute: Callable[[Job], Outcome], started_before: str = "9999", most: int = -1
    ) -> int:
        """Execute open operations, oldest first; only those of bulks started up to a moment, and at most so many.
        How many."""
        rows = self._database.rows(
            "SELECT operation_key, id, start_time, job, body FROM magento_operation "
            "WHERE status = 4 AND start_time <= ? ORDER BY operation_key LIMIT ?",
            (started_before, most),
        )
        for key, number, started, stored, body in rows:
            job = Job(**orjson.loads(str(stored)))
            operation = cast("Record", orjson.loads(str(body)))
            outcome = execute(job)
            failed = outcome.status is not OperationStatus.COMPLETE
            operation |= {
                "serialized_data": operation["serialized_data"] if failed else None,
                "result_serialized_data": outcome.result,
                "status": outcome.status.value,
                "result_message": outcome.message,
                "error_code": 0 if failed else None,
            }
            self._save(to_int(key), to_int(number), operation, job, str(started))
        return len(rows)


def _operation(number: int, key: str, topic: str, serialised: str) -> Record:
    return {
        "id": number,
        "bulk_uuid": key,
        "topic_name": topic,
        "serialized_data": serialised,
        "result_serialized_data": None,
        "status": OperationStatus.OPEN.value,
        "result_message": None,
        "error_code": None,
    }


def _serialise(job: Job, store_id: int) -> str:
    """The operation's data as Magento stores it: the arguments as JSON text within JSON."""
    inner = json.dumps(job.arguments, separators=(",", ":")).replace("/", "\\/")
    outer = {"entity_id": None, "entity_link": "", "meta_information": inner, "store_id": str(store_id)}
    return json.dumps(outer, separators=(",", ":")).replace("/", "\\/")
