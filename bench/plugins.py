"""What a chain of plugins costs: the same requests through six of them and through a bare httpx2 client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from statistics import median

import httpx2

from bench.report import Section
from mageferry.http import HttpClient
from mageferry.http.config import Setup
from mageferry.magento.signature import PathRule, SignatureMethod, base_string, sign

BODY = b'{"items":[],"total_count":0}'
PATH = "/rest/V1/orders"
FILTER_GROUPS = 12


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one piece, or Nagle's algorithm is what is measured.
    wbufsize = -1

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what it prints would be measured as well."""


def _serve(ports: Queue[int]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    ports.put(server.server_address[1])
    server.serve_forever()


@contextmanager
def _serving() -> Iterator[str]:
    """A server in a process of its own, so that its time is not counted."""
    ports: Queue[int] = Queue()
    process = Process(target=_serve, args=(ports,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=30)}"
    finally:
        process.terminate()
        process.join()


def chained_client(url: str) -> HttpClient:
    """A client with base URI, header, content type, expected statuses, retry and redirect, and a token."""
    plugins = [
        {"type": "base_uri", "uri": url},
        {"type": "header_set", "headers": {"X-Stage": "bench"}},
        {"type": "content_type"},
        {"type": "expect"},
        {"type": "retry"},
        {"type": "redirect"},
    ]
    authentication = {"type": "bearer", "token": "token-of-the-benchmark"}
    setup = Setup.parse({"clients": {"bench": {"plugins": plugins, "authentication": authentication}}})
    return HttpClient(setup.client("bench"))


def cpu_seconds(call: Callable[[], object], count: int) -> float:
    """The processor time of this thread, waiting not counted."""
    began = time.thread_time()
    for _ in range(count):
        call()
    return time.thread_time() - began


def signing_microseconds(count: int = 2_000) -> float:
    """One OAuth 1.0a signature of a list with many filters: the median of several rounds."""
    groups = "&".join(
        f"searchCriteria%5Bfilter_groups%5D%5B{index}%5D%5Bfilters%5D%5B0%5D%5B{name}%5D={value}"
        for index in range(FILTER_GROUPS)
        for name, value in (
            ("field", f"field_{index}"),
            ("value", "2026-11-20%2008:00:00"),
            ("condition_type", "gteq"),
        )
    )
    url = f"https://shop.example{PATH}?{groups}"
    oauth = {
        "oauth_consumer_key": "k" * 32, "oauth_nonce": "n" * 32, "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": "1790000000", "oauth_token": "t" * 32, "oauth_version": "1.0",
    }  # fmt: skip

    def once() -> str:
        base = base_string("GET", url, oauth, PathRule.RESERVED)
        return sign(base, "s" * 32, "s" * 32, SignatureMethod.HMAC_SHA256)

    once()
    return median(cpu_seconds(once, count // 5) / (count // 5) * 1e6 for _ in range(5))


def measure_plugins(requests: int, turns: int, tell: Callable[[str], None]) -> Section:
    """Both clients in turns against one local server; the ratio turn by turn before its median is taken."""
    tell(f"six plugins and a bare client, {turns} turns of {requests} requests")
    headers = {"Authorization": "Bearer token-of-the-benchmark", "X-Stage": "bench"}
    with _serving() as url, httpx2.Client(headers=headers) as bare, chained_client(url) as chained:
        sides = (lambda: bare.get(f"{url}{PATH}").content, lambda: chained.request("GET", PATH).content)
        for side in sides:
            cpu_seconds(side, 50)
        rounds = [[cpu_seconds(side, requests) for side in sides] for _ in range(turns)]
    return describe(rounds, requests, signing_microseconds())


def describe(rounds: list[list[float]], requests: int, signing: float) -> Section:
    """The figures as a table."""
    bare, chained = (median(each[side] for each in rounds) / requests * 1e6 for side in (0, 1))
    ratio = median(each[1] / each[0] for each in rounds)
    rows = [
        ("bare httpx2.Client", f"{bare:.0f}", "1"),
        ("HttpClient with 6 plugins and a token", f"{chained:.0f}", f"{ratio:.2f}"),
        (f"OAuth 1.0a signature, {FILTER_GROUPS} filter groups", f"{signing:.0f}", f"{signing / bare:.2f}"),
    ]
    return Section(
        "Plugins",
        "Processor time of one small request over a kept connection to a server on this machine, waiting not "
        f"counted: median of {len(rounds)} turns of {requests} requests each, both clients in every turn.",
        ("what", "CPU us", "to the bare client"),
        rows,
    )
