"""Reading a list of a shop into the hub: page by page, each page stored as soon as it comes.

A record that can't be used or stored is parked alone, with its reason and remedy, and the mark of the flow doesn't pass
it; everything else goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.connectors.shop import open_shop
from mageferry.hub.flows.failures import BadRecord, clear, park
from mageferry.hub.flows.outcomes import outcome_of
from mageferry.hub.flows.stored import Stored, store_what_fits
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.work import ledger
from mageferry.hub.work.leases import Held
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.runs import Run
from mageferry.magento import FailedRecord, Magento, MagentoError, NotFound, Page, moment


class RemoteRecord(Protocol):
    """What every record of a shop has: its id there, when it changed there, and the number that people know it by."""

    @property
    def entity_id(self) -> int: ...

    @property
    def remote_updated_at(self) -> dt.datetime | None: ...

    @property
    def number(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record: `word` names it to people, `unit` is the kind of unit that a failed one becomes, `id_name` the
    field of its id in the shop's JSON."""

    word: str
    unit: str
    id_name: str = "entity_id"

    def refusal_of(self, raw: Any, error: UnusableRecord) -> BadRecord:
        """A row of the shop that can't be used."""
        return BadRecord(self.id_of(raw), _changed_at(raw), error.reason, error.remedy)

    def id_of(self, raw: Any) -> int:
        """The id of a row of the shop; 0 when it has none that could be used."""
        value = raw.get(self.id_name) if isinstance(raw, Mapping) else None
        try:
            return int(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return 0


def _changed_at(raw: Any) -> dt.datetime | None:
    try:
        return moment(raw["updated_at"])
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(slots=True)
class Rows[Record]:
    """Rows of the shop once they are read: records to store, rows that can't be used, and how many concern nobody."""

    records: list[Record] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    strangers: int = 0


def read_each[Record](kind: RecordKind, items: Sequence[Any], read: Callable[[Any], Record]) -> Rows[Record]:
    """Read rows that need nothing but themselves. `read` raises UnusableRecord."""
    rows: Rows[Record] = Rows()
    for raw in items:
        try:
            rows.records.append(read(raw))
        except UnusableRecord as error:
            rows.bad.append(kind.refusal_of(raw, error))
    return rows


@dataclass(frozen=True, slots=True)
class ListReading[Record: RemoteRecord]:
    """One run over a list of the shop. `read` turns the rows of a page into records, `store` stores them in a
    transaction; `seen` are the ids of the rows that came."""

    kind: RecordKind
    row: Magento2Seller
    run: Run
    held: Held
    read: Callable[[Sequence[Any]], Rows[Record]]
    store: Callable[[Sequence[Record]], Stored[Record]]
    seen: set[int] = field(default_factory=set)

    def take_in(self, pages: Iterable[Page[Any]]) -> list[dt.datetime | None]:
        """Store the pages as they come; when those records changed that failed, which the mark must not pass."""
        hold: list[dt.datetime | None] = []
        for page in watched(pages, self.run, self.held):
            hold.extend(self._store_page(page))
            self.seen.update(map(self.kind.id_of, page.items))
        return hold

    def _store_page(self, page: Page[Any]) -> list[dt.datetime | None]:
        rows = self.read(page.items)
        stored = store_what_fits(rows.records, self.store, lambda record: name_of(self.kind, record))
        bad = [*rows.bad, *map(_not_given_out, page.failed)]
        bad += [
            BadRecord(record.entity_id, record.remote_updated_at, reason, remedy)
            for record, reason, remedy in stored.refused
        ]
        failed_ids = {each.remote_id for each in bad}
        done = [record.entity_id for record in rows.records if record.entity_id not in failed_ids]
        if done:
            clear(self.kind.unit, self.row, done)
        news = [each for each in bad if park(self.kind.unit, self.row, each, self.kind.word)]
        self.run.add(
            read=len(page.items) + len(page.failed),
            created=stored.created,
            updated=stored.updated,
            unchanged=stored.unchanged,
            skipped=stored.skipped + rows.strangers + len(bad) - len(news),
        )
        for each in news:
            self.run.fail(each.reason)
        return [each.changed_at for each in news]


def name_of(kind: RecordKind, record: RemoteRecord) -> str:
    """A record's name for people."""
    return f"{kind.word} {record.number}"


def _not_given_out(failed: FailedRecord) -> BadRecord:
    """A record that the shop itself can't give out."""
    return BadRecord(failed.id, None, failed.error.message, failed.error.remedy)


def watched(pages: Iterable[Page[Any]], run: Run, held: Held) -> Iterator[Page[Any]]:
    """Pages as they come, while the run's lease holds. The first one tells how many records there are to read."""
    for page in pages:
        if run.expected is None:
            run.expect(len(page.items) + page.remaining)
        held.check()
        yield page


def row_read_for(held: Claim) -> Magento2Seller | None:
    """The seller row that a failed record was read for, None when it is gone."""
    rows = Magento2Seller.objects.select_related("connector")
    return rows.filter(pk=held.unit.payload["row"]).first()


def read_again[Record: RemoteRecord](
    held: Claim,
    kind: RecordKind,
    row: Magento2Seller,
    fetch: Callable[[Magento], Record | Outcome],
    store: Callable[[Sequence[Record]], Stored[Record]],
) -> Outcome:
    """Read one failed record once more (a person's retry). `fetch` asks the shop for it, or says why it needn't be
    stored any more."""
    try:
        with open_shop(row.connector) as shop:
            record = fetch(shop)
    except NotFound:
        # Deleted since: there is nothing to read any more, however often it is tried.
        return ledger.skipped(f"The {kind.word} is gone from the shop.")
    except MagentoError as error:
        return outcome_of(error, held)
    except UnusableRecord as error:
        return ledger.failed(error.reason, error.remedy)
    if isinstance(record, Outcome):
        return record
    stored = store_what_fits([record], store, lambda each: name_of(kind, each))
    if stored.refused:
        return ledger.failed(*stored.refused[0][1:])
    return ledger.finished(result={"entity_id": record.entity_id})
