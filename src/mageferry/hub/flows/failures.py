"""Records that could not be read: each a row of the ledger with a reason, a remedy and a retry.

The mark of a reading flow never passes such a record, unless a person skipped it as it is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.work.models import UnitStatus, WorkUnit


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A remote record that failed: its id in the shop, when it changed there (None: unknown), why, and what it is."""

    remote_id: int
    changed_at: dt.datetime | None
    reason: str
    remedy: str
    answer: str = ""
    noun: str = "order"


def _key(kind: str, row: Magento2Seller, remote_id: int) -> str:
    return f"{kind}:{row.scope}:{remote_id}"


def park(kind: str, row: Magento2Seller, bad: BadRecord) -> bool:
    """Write a failed record into the ledger. False when a person skipped it as it is now: it isn't news."""
    version = bad.changed_at.isoformat() if bad.changed_at else ""
    payload: dict[str, Any] = {"row": row.pk, "remote_id": bad.remote_id, "changed_at": version}
    unit, made = WorkUnit.objects.get_or_create(
        dedup_key=_key(kind, row, bad.remote_id),
        defaults={
            "kind": kind,
            "subject": f"{row.connector.name} {bad.noun} {bad.remote_id}",
            "connector_key": row.connector.key,
            "payload": payload,
            "status": UnitStatus.FAILED,
            "reason": bad.reason,
            "remedy": bad.remedy,
            "answer": bad.answer,
        },
    )
    if made:
        return True
    if unit.status == UnitStatus.SKIPPED and unit.payload.get("changed_at") == version:
        return False
    if unit.status != UnitStatus.PROCESSING:
        unit.status, unit.payload = UnitStatus.FAILED, payload
        unit.reason, unit.remedy, unit.answer = bad.reason, bad.remedy, bad.answer
        unit.save(update_fields=["status", "payload", "reason", "remedy", "answer", "updated_at"])
    return True


def clear(kind: str, row: Magento2Seller, remote_ids: list[int]) -> None:
    """Records that failed before and are stored now: their rows are done."""
    WorkUnit.objects.filter(
        dedup_key__in=[_key(kind, row, remote_id) for remote_id in remote_ids],
        status__in=(UnitStatus.FAILED, UnitStatus.SKIPPED, UnitStatus.RETRY, UnitStatus.NEW),
    ).update(status=UnitStatus.FINISHED, reason="", remedy="Read again without a problem.")
