"""Stock items: the one quantity of a product in a shop without sources (Inventory Management switched off).

The only list of them is that of low stock, `GET /V1/stockItems/lowStock/`: asked for every quantity there can be it is
the list of all. It has no sort order and no filter but the quantity, so it can't be read by key. Instead a pass over
its pages counts as complete only when nothing moved meanwhile: the same total on every page, no product twice, as many
as announced. Else it is read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mageferry.http import Flow
from mageferry.magento.errors import MagentoError, Transient
from mageferry.magento.page import Answer, Page, ignored, unpack
from mageferry.magento.plans import ShopPlans
from mageferry.magento.types import Row

PATH: Final = "/V1/stockItems/lowStock/"
ACL: Final = "Magento_CatalogInventory::cataloginventory"
# What the column holds at most.
_EVERY_QUANTITY: Final = Decimal("99999999.9999")
_ALL_WEBSITES: Final = 0
_PASSES: Final = 3
_NO_ROUTE: Final = "Request does not match any route"
_FIELDS: Final = "items[product_id,qty,is_in_stock],total_count"


@dataclass(frozen=True, slots=True)
class PassTicket:
    """One page, counted from 1, of one pass over the list."""

    number: int
    page: int


class StockItemReader:
    """Reads all stock items. Rows that an earlier pass brought come again, since their quantity may have changed."""

    def __init__(self, plans: ShopPlans, page_size: int) -> None:
        if page_size < 1:
            raise ValueError(f"page_size is a whole number from 1, not {page_size!r}")
        self.workers = 1
        self._plans = plans
        self._page_size = page_size
        self._ticket: PassTicket | None = PassTicket(1, 1)
        self._seen: set[int] = set()
        self._total: int | None = None
        self._moved = False

    @property
    def done(self) -> bool:
        return self._ticket is None

    def next_ticket(self) -> PassTicket | None:
        return self._ticket

    def fetch(self, ticket: PassTicket) -> Flow[Answer]:
        """The page of a ticket."""
        query = {
            "scopeId": str(_ALL_WEBSITES),
            "qty": str(_EVERY_QUANTITY),
            "currentPage": str(ticket.page),
            # Without it Magento gives a single row.
            "pageSize": str(self._page_size),
            "fields": _FIELDS,
        }
        answer = yield from self._plans.call("GET", PATH, query=query)
        rows, total = unpack(answer, "stock_items")
        return Answer(rows, [_product_id(row) for row in rows], None, total)

    def settle(self, ticket: PassTicket, answer: Answer) -> Page[Any] | None:
        """Take the page in. Raises Transient when the list never held still."""
        total = answer.remaining
        self._moved |= self._total not in (None, total) or any(key in self._seen for key in answer.keys)
        self._total = total
        self._seen.update(answer.keys)
        if answer.rows and len(self._seen) < total:
            self._ticket = PassTicket(ticket.number, ticket.page + 1)
        else:
            self._end_pass(ticket, total)
        if not answer.rows:
            return None
        left = max(0, total - ticket.page * self._page_size)
        return Page(answer.rows, answer.keys[0], answer.keys[-1], left)

    def _end_pass(self, ticket: PassTicket, total: int) -> None:
        if not self._moved and len(self._seen) == total:
            self._ticket = None
            return
        if ticket.number == _PASSES:
            raise Transient(
                f"The list of stock items changed while it was read, {_PASSES} times in a row",
                remedy="Try again at a quieter time, or with larger pages.",
            )
        self._ticket, self._seen, self._total, self._moved = (
            PassTicket(ticket.number + 1, 1),
            set(),
            None,
            False,
        )


def has_no_sources(error: MagentoError) -> bool:
    """Whether a call about sources failed because the shop has no such thing: Inventory Management is off."""
    return error.status == 404 and error.template.startswith(_NO_ROUTE)


def count_stock_items(plans: ShopPlans) -> Flow[int]:
    """How many stock items there are."""
    reader = StockItemReader(plans, 1)
    return (yield from reader.fetch(PassTicket(1, 1))).remaining


def _product_id(row: Row) -> int:
    value = row.get("product_id") if isinstance(row, dict) else None
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ignored("a stock item has no number in product_id")
    return value
