"""A system that orders are read from and sent to, and that does next to nothing: what is measured is the client.

`GET /orders?page=1` gives a page of orders, `POST /sales` makes one and answers its number.
Run as `python -m bench.sales_server --orders 10000`; it prints its address.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from typing import cast

import orjson

PAGE_SIZE = 500
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PAGE = re.compile(rb"[?&]page=(\d+)")


def render_order(number: int) -> dict[str, object]:
    """An order of about a kilobyte."""
    lines = [
        {
            "sku": f"FERRY-{number % 500}-{place}",
            "name": "Enamel mug, navy, 330 ml",
            "quantity": place,
            "price": 19.9,
        }
        for place in (1, 2, 3)
    ]
    address = {"name": f"Ada Buyer {number}", "street": "12 Harbour Road", "city": "Cardiff", "country": "GB"}
    return {
        "number": f"W-{number:06d}", "status": "paid", "currency": "GBP", "total": round(20 + number % 400 + 0.5, 2),
        "buyer": {"email": f"buyer{number}@shop.example", "phone": "+44 20 7946 0000"},
        "billing": address, "shipping": address, "lines": lines,
    }  # fmt: skip


class Connection(asyncio.Protocol):
    """One kept connection: whole requests in, answers out."""

    made = 0

    def __init__(self, pages: list[bytes]) -> None:
        self._pages, self._buffer = pages, b""
        self._out: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._out is not None:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if not found or len(rest) < size:
                return
            self._buffer = rest[size:]
            self._out.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        if head.startswith(b"POST"):
            Connection.made += 1
            status, body = b"201 Created", b'{"id":%d}' % Connection.made
        else:
            page = _PAGE.search(head)
            place = int(page[1]) - 1 if page else 0
            status, body = b"200 OK", self._pages[min(place, len(self._pages) - 1)]
        length = str(len(body)).encode()
        return b"\r\n".join(
            (
                b"HTTP/1.1 " + status,
                b"Content-Type: application/json",
                b"Content-Length: " + length,
                b"",
                body,
            )
        )


def render_pages(count: int) -> list[bytes]:
    """All pages, the last of them empty."""
    starts = range(0, count, PAGE_SIZE)
    rows = [
        [render_order(number) for number in range(start, min(count, start + PAGE_SIZE))] for start in starts
    ]
    return [orjson.dumps({"orders": each, "total": count}) for each in [*rows, []]]


async def serve(count: int) -> None:
    pages = render_pages(count)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(pages), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, required=True)
    asyncio.run(serve(parser.parse_args().orders))
