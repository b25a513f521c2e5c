"""Abort process on errors: which statuses are answers, and which are errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from mageferry.http.authentication.tokens import said
from mageferry.http.errors import UnexpectedStatus
from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response


@dataclass(frozen=True, slots=True)
class StatusRanges:
    """Statuses as users write them: `200-299, 404`."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> StatusRanges:
        """Read ranges. Raises ValueError naming the part that is none."""
        return cls(tuple(_range(part.strip()) for part in text.split(",") if part.strip()))

    def __contains__(self, status: object) -> bool:
        return isinstance(status, int) and any(low <= status <= high for low, high in self.ranges)

    def __iter__(self) -> Iterator[int]:
        """Every status, from the lowest range on."""
        return (status for low, high in self.ranges for status in range(low, high + 1))

    def __str__(self) -> str:
        return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class ExpectStatus:
    """Raises UnexpectedStatus for all but the expected ones; it looks last, at the answer of all attempts."""

    statuses: StatusRanges = StatusRanges(((200, 299),))
    stage: ClassVar[Stage] = Stage.EXPECT

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        response = yield from next(request)
        if response.status not in self.statuses:
            raise UnexpectedStatus(
                f"The server answered {response.status}" + said(response),
                status=response.status,
                content=response.content,
                remedy=f"Expected is {self.statuses}. When this is an answer and no error, add it to those.",
                request_line=request.line,
            )
        return response


def _range(part: str) -> tuple[int, int]:
    low, dash, high = (piece.strip() for piece in part.partition("-"))
    if not low.isdigit() or (dash and not high.isdigit()):
        raise ValueError(f"{part!r} is no range of statuses: write 200-299 or 404")
    first, last = int(low), int(high or low)
    if not 100 <= first <= last <= 599:
        raise ValueError(f"{part!r} is no range of statuses: they go from 100 to 599")
    return first, last
