"""The paginations as data: chosen by their `type`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Literal

from pydantic import Field

from mageferry.http.config import Description
from mageferry.http.config.fields import Choice, needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.subscriber.fitting import SettingsDescription
from mageferry.http.subscriber.pagination.links import LinkHeader, NextLink
from mageferry.http.subscriber.pagination.numbered import (
    Cursor,
    Offset,
    OnePage,
    PageNumber,
    search_criteria,
)
from mageferry.http.subscriber.pagination.turns import Pagination, Stop

_PARAMETER_HELP = "A query parameter; empty: not sent, as when a placeholder (&{{{}}}) carries it."


class PaginationDescription(SettingsDescription, Choice):
    """What every pagination has."""

    place = "pagination"

    @abstractmethod
    def build(self) -> Pagination: ...

    def given(self) -> dict[str, Any]:
        """The options without the type."""
        return {name: value for name, value in self if name != "type"}


class StopDescription(Description):
    """When pages end, by what the server returned; an empty page always ends them."""

    total: ExpressionText = option("", "Total", "JMESPath of how many there are in all, such as meta.total.")
    more: ExpressionText = option("", "More", "JMESPath of a flag that there are more, such as has_next.")
    short_page: bool = option(
        False, "A short page is the last", "Only for servers that always give as many as they are asked for."
    )

    def build(self) -> Stop:
        return Stop(**dict(self))


class OnePageDescription(PaginationDescription):
    """One answer holds everything."""

    type: Literal["one_page"] = "one_page"

    def build(self) -> Pagination:
        return OnePage()


class PageDescription(PaginationDescription):
    """Pages by number."""

    type: Literal["page"] = "page"
    parameter: str = option("page", "Parameter of the page", _PARAMETER_HELP.format("page.number"))
    start: int = option(1, "First page", "Mostly 1, sometimes 0.")
    size_parameter: str = option("", "Parameter of the size", _PARAMETER_HELP.format("page.size"))
    size: int | None = option(None, "Size", "Items on a page, at most; empty: as the server likes.", ge=1)
    stop: StopDescription = option(StopDescription, "End")
    fixed: dict[str, str] = option(dict, "More parameters", "Of the query, the same for every page.")

    def build(self) -> Pagination:
        return PageNumber(**{**self.given(), "stop": self.stop.build()})


class OffsetDescription(PaginationDescription):
    """Pages by the number of items before them."""

    type: Literal["offset"] = "offset"
    parameter: str = option("offset", "Parameter of the offset", _PARAMETER_HELP.format("page.offset"))
    start: int = option(0, "First offset", "Mostly 0, sometimes 1.")
    size_parameter: str = option("limit", "Parameter of the size", _PARAMETER_HELP.format("page.size"))
    size: int = option(100, "Size", "Items on a page, at most.", ge=1)
    stop: StopDescription = option(StopDescription, "End")

    def build(self) -> Pagination:
        return Offset(**{**self.given(), "stop": self.stop.build()})


class CursorDescription(PaginationDescription):
    """Pages by a mark that each answer gives for the next one."""

    type: Literal["cursor"] = "cursor"
    path: ExpressionText = needed(
        "Cursor", "JMESPath of it: paging.next, or items[-1].id where a key leads on.", min_length=1
    )
    parameter: str = option("cursor", "Parameter of the cursor", _PARAMETER_HELP.format("page.cursor"))
    size_parameter: str = option("", "Parameter of the size", _PARAMETER_HELP.format("page.size"))
    size: int | None = option(None, "Size", "Items on a page, at most; empty: as the server likes.", ge=1)
    more: ExpressionText = option(
        "", "More", "JMESPath of a flag, for servers that give a cursor also behind the last page."
    )

    def build(self) -> Pagination:
        return Cursor(**self.given())


_HOSTS_HELP = "Other hosts that may be asked, without authentication: files.example, files.example:8443."


class NextLinkDescription(PaginationDescription):
    """The address of the next page stands in the body."""

    type: Literal["next_link"] = "next_link"
    path: ExpressionText = option("next", "Link", "JMESPath of it, such as links.next.", min_length=1)
    hosts: tuple[str, ...] = option((), "Hosts", _HOSTS_HELP)

    def build(self) -> Pagination:
        return NextLink(**self.given())


class LinkHeaderDescription(PaginationDescription):
    """The address of the next page stands in the header `Link`."""

    type: Literal["link_header"] = "link_header"
    relation: str = option("next", "Relation", 'The rel of the link: rel="next".', min_length=1)
    hosts: tuple[str, ...] = option((), "Hosts", _HOSTS_HELP)

    def build(self) -> Pagination:
        return LinkHeader(**self.given())


class SearchCriteriaDescription(PaginationDescription):
    """Pages of a list of Magento."""

    type: Literal["search_criteria"] = "search_criteria"
    size: int = option(100, "Size", "Items on a page.", ge=1)
    sort: str = option(
        "entity_id",
        "Sort by",
        "A field that every row has another value of: else rows are lost.",
        min_length=1,
    )

    def build(self) -> Pagination:
        return search_criteria(self.size, self.sort)


type PaginationChoice = Annotated[
    OnePageDescription
    | PageDescription
    | OffsetDescription
    | CursorDescription
    | NextLinkDescription
    | LinkHeaderDescription
    | SearchCriteriaDescription,
    Field(discriminator="type"),
]
