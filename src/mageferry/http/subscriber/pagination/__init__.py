"""From page to page: none, page numbers, offsets, cursors, links, and Magento's search criteria."""

from mageferry.http.subscriber.pagination.links import LinkHeader, NextLink
from mageferry.http.subscriber.pagination.numbered import (
    Cursor,
    Offset,
    OnePage,
    PageNumber,
    search_criteria,
)
from mageferry.http.subscriber.pagination.turns import PageAnswer, Pagination, Stop, Turn

__all__ = [
    "Cursor",
    "LinkHeader",
    "NextLink",
    "Offset",
    "OnePage",
    "PageAnswer",
    "PageNumber",
    "Pagination",
    "Stop",
    "Turn",
    "search_criteria",
]
