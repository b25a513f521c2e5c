"""Real sockets on 127.0.0.1: what a broken connection is taken for."""

import asyncio
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx2
import pytest
import trustme

from mageferry.http import (
    AsyncHttpClient,
    BodyTooLarge,
    ConnectionLost,
    HttpClient,
    HttpConfig,
    HttpError,
    InvalidRequest,
    Request,
    Response,
    Secret,
    TimedOut,
    Timeouts,
    TlsFailed,
    Unreachable,
    UnreadableBody,
)
from mageferry.http.addresses import AddressPolicy
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.plugins.content_type import ContentType, guess_content_type
from mageferry.http.transport import pool_request, wire_request

FAST = Timeouts(connect_seconds=2, read_seconds=0.2, total_seconds=5)
type Answer = Callable[[socket.socket], object]


def receive(connection: socket.socket) -> None:
    """Read the request with its body, which is always {"a":1}; or what is no HTTP at all."""
    received = connection.recv(65_536)
    while received[:1].isalpha() and not received.endswith(b'{"a":1}'):
        received += connection.recv(65_536)


@contextmanager
def serving(*answers: Answer, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that gives every connection to the next function, its request read; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            try:
                raw, _ = listener.accept()
                with raw, context.wrap_socket(raw, server_side=True) if context else raw as connection:
                    receive(connection)
                    answer(connection)
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for _ in answers:
            with socket.socket() as waker:
                waker.connect_ex(listener.getsockname())
        thread.join()
        listener.close()


def says(text: str) -> Answer:
    return lambda connection: connection.sendall(text.encode())


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def waits(connection: socket.socket) -> None:
    while connection.recv(65_536):  # until the other side gives up
        continue


def ask(url: str, is_async: bool, config: HttpConfig) -> Response:
    async def asking() -> Response:
        async with AsyncHttpClient(config) as client:
            return await client.request("POST", url, json={"a": 1})

    if is_async:
        return asyncio.run(asking())
    with HttpClient(config) as client:
        return client.request("POST", url, json={"a": 1})


both = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
guarded = pytest.mark.parametrize(
    "addresses", [None, AddressPolicy(allow_private=True)], ids=["any address", "guarded"]
)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "http://shop.test/rest/V1/orders?a=%2F#part"),
        Request("POST", "https://shop.test:8443/a%20b", {"Content-Type": "application/json"}, b"{}"),
        Request("POST", "http://SHOP.test", {"host": "other.test"}),
        Request("DELETE", "http://b\u00fccher.test/1", {"user-agent": "Ours"}, b"x"),
        Request("PUT", "http://[::1]:81/", {"content-length": "0"}),
    ],
    ids=["query", "body", "host", "idna", "length"],
)
def test_a_guarded_client_sends_the_very_request_that_others_send(request_: Request) -> None:
    standard = (("User-Agent", "Mageferry"), ("Accept-Encoding", "gzip"))
    plain = wire_request(request_, Timeouts(), standard)
    pooled = pool_request(request_, Timeouts(), standard)
    assert pooled.method.decode() == plain.method
    assert (pooled.url.scheme, pooled.url.host, pooled.url.port, pooled.url.target) == (
        plain.url.raw_scheme,
        plain.url.raw_host,
        plain.url.port,
        plain.url.raw_path,
    )
    lowered = sorted((name.lower(), value) for name, value in pooled.headers)
    assert lowered == sorted((name.lower(), value) for name, value in plain.headers.raw)
    assert b"".join(cast(Iterable[bytes], pooled.stream)) == plain.content


@pytest.mark.parametrize("headers", [{"X-Name": "B\u00fccher"}, {"X-Name": "a\r\nX-More: b"}])
def test_headers_that_cannot_be_sent_are_refused_before_anything_is(headers: dict[str, str]) -> None:
    for encode in (wire_request, pool_request):
        with pytest.raises(InvalidRequest, match="The request cannot be sent"):
            encode(Request("GET", "http://shop.test/", headers), Timeouts())


@both
@guarded
def test_an_answer_comes_back_whole_and_decompressed(addresses: AddressPolicy | None, is_async: bool) -> None:
    body = gzip.compress(b'{"entity_id": 15}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(lambda connection: connection.sendall(head.encode() + body)) as address:
        response = ask(f"http://{address}/", is_async, HttpConfig(addresses=addresses))
    assert response.json() == {"entity_id": 15}
    assert response.elapsed_seconds > 0


@both
@guarded
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (resets, ConnectionLost),
        (says(""), ConnectionLost),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), ConnectionLost),
        (says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), ConnectionLost),
        (says("not HTTP at all\r\n\r\n"), ConnectionLost),
        (says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz"), UnreadableBody),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + "x" * 2000), BodyTooLarge),
        (waits, TimedOut),
    ],
    ids=["reset", "closed", "cut", "cut chunk", "no http", "bad gzip", "too large", "silent"],
)
def test_what_breaks_after_sending_is_not_taken_for_unsent(
    answer: Answer, kind: type[HttpError], addresses: AddressPolicy | None, is_async: bool
) -> None:
    config = HttpConfig(timeouts=FAST, max_body_bytes=1000, addresses=addresses)
    with serving(answer) as address, pytest.raises(kind) as caught:
        ask(f"http://{address}/rest/V1/x?token=abc", is_async, config)
    assert type(caught.value) is kind
    assert caught.value.request_line == "POST /rest/V1/x"
    assert "abc" not in caught.value.message


@both
def test_a_closed_port_is_unreachable(is_async: bool) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="cannot be reached"):
            ask(f"http://127.0.0.1:{unused.getsockname()[1]}/", is_async, HttpConfig())


@both
def test_tls_is_refused_without_and_accepted_with_the_certificate(is_async: bool, tmp_path: Any) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    good = says("HTTP/1.1 204 No Content\r\n\r\n")
    with serving(good, good, context=context) as address:
        with pytest.raises(TlsFailed) as caught:
            ask(f"https://{address}/", is_async, HttpConfig())
        assert ask(f"https://{address}/", is_async, HttpConfig(verify=str(path))).status == 204
    assert "certificate" in caught.value.remedy


@both
def test_tls_on_a_plain_port_says_so(is_async: bool) -> None:
    with serving(says("HTTP/1.1 400 Bad Request\r\n\r\n")) as address, pytest.raises(TlsFailed) as caught:
        ask(f"https://{address}/", is_async, HttpConfig())
    assert "does not speak TLS" in caught.value.remedy


@pytest.mark.parametrize(
    "request_", [Request("GET", "shop.example/x"), Request("GET", "https://a.example/", {"X": "a\nb"})]
)
def test_what_cannot_be_sent_is_refused(request_: Request) -> None:
    with HttpClient() as client, pytest.raises(InvalidRequest):
        client.send(request_)


def test_a_proxy_without_an_address_is_refused_without_showing_its_password() -> None:
    with pytest.raises(InvalidRequest) as caught:
        HttpClient(HttpConfig(proxy=Secret("socks://me:pa55word@:1")))
    assert "pa55word" not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert "pa55word" not in repr(HttpConfig(proxy=Secret("http://me:pa55word@proxy.example:1")))


def test_no_cookie_is_kept_between_requests() -> None:
    seen: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers.get("cookie"))
        return httpx2.Response(200, headers={"Set-Cookie": "PHPSESSID=1; path=/"})

    with HttpClient(transport=httpx2.MockTransport(answer)) as client:
        for _ in range(2):
            assert "PHPSESSID=1" in client.request("GET", "https://a.example/").headers["set-cookie"]
    assert seen == [None, None]


def test_the_base_uri_completes_addresses_and_the_body_names_its_type() -> None:
    config = HttpConfig(plugins=(ContentType(), BaseUri("https://a.example/rest/")))
    flow = config.chain()(Request("POST", "/V1/x", content=b"<a/>"))
    sent = next(flow)
    assert isinstance(sent, Request)
    assert (sent.url, sent.header("content-type")) == ("https://a.example/rest/V1/x", "application/xml")
    with pytest.raises(InvalidRequest):
        BaseUri("a.example")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b' {"a": 1}', "application/json"),
        (b"[1]", "application/json"),
        (b"a=1&b=2", "application/x-www-form-urlencoded"),
        (b"x = 1", "text/plain; charset=utf-8"),
    ],
)
def test_a_body_is_named_by_its_look(body: bytes, kind: str) -> None:
    assert guess_content_type(body) == kind
