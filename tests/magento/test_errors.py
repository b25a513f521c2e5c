import copy
import pickle

import pytest

from mageferry.http import (
    ConnectionLost,
    Headers,
    HostUnknown,
    HttpError,
    Request,
    Response,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from mageferry.magento import (
    AlreadyExists,
    ConfigurationError,
    MagentoError,
    NotFound,
    Rejected,
    SignInError,
    Transient,
    Unclear,
)
from mageferry.magento.errors import RAW_BYTES, error_for, error_from, unreadable

READ = Request("GET", "https://shop.example/rest/V1/orders?searchCriteria=1")
WRITE = Request("PUT", "https://shop.example/rest/V1/orders/create")
MAINTENANCE = b"<html>due to maintenance downtime or capacity problems</html>"


def answered(request: Request, status: int, body: bytes = b"", **headers: str) -> MagentoError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_for(request, Response(status, Headers(names), body))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"message":"Unique constraint violation found"}', AlreadyExists),
        (400, b'{"message":"The shipment couldn\'t be saved."}', Rejected),
        (400, b'{"message":"Specified request cannot be processed."}', ConfigurationError),
        (
            400,
            b'{"message":"Please use the 2fa provider-specific endpoints to obtain a token."}',
            SignInError,
        ),
        (400, b"<html><h1>400 Bad Request</h1></html>", Rejected),
        (401, b'{"message":"The signature is invalid. Verify and try again."}', SignInError),
        (401, b"oauth_problem=Consumer+key+has+expired", SignInError),
        (403, b"<html>blocked</html>", ConfigurationError),
        (403, b'{"message":"Not for you"}', SignInError),
        (404, b'{"message":"Request does not match any route."}', ConfigurationError),
        (404, b'{"message":"The entity that was requested doesn\'t exist."}', NotFound),
        (404, b"<html>404</html>", ConfigurationError),
        (302, b"", ConfigurationError),
        (414, b"<html>414 Request-URI Too Large</html>", Rejected),
        (429, b"", Transient),
        (500, b'{"message":"SQLSTATE[40001]: 1213 Deadlock found when trying to get lock"}', Transient),
    ],
)
def test_an_answer_says_what_to_do_next(status: int, body: bytes, kind: type[MagentoError]) -> None:
    error = answered(WRITE, status, body)
    assert type(error) is kind
    assert error.remedy
    assert error.status == status
    assert error.raw == body


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_a_failing_server_leaves_a_write_unclear_and_a_read_to_be_repeated(status: int) -> None:
    assert type(answered(READ, status)) is Transient
    unclear = answered(WRITE, status)
    assert type(unclear) is Unclear
    assert "Look in the shop" in unclear.remedy


def test_503_of_a_write_is_only_harmless_when_the_server_said_so() -> None:
    assert type(answered(WRITE, 503, MAINTENANCE)) is Transient
    assert type(answered(WRITE, 503, b"<html>Backend fetch failed</html>")) is Unclear
    waiting = answered(WRITE, 503, retry_after="30")
    assert type(waiting) is Transient
    assert waiting.wait_seconds == 30.0


@pytest.mark.parametrize(
    ("failure", "read", "write"),
    [
        (Unreachable("refused"), Transient, Transient),
        (HostUnknown("who?"), Transient, Transient),
        (TlsFailed("expired"), ConfigurationError, ConfigurationError),
        (TimedOut("too late"), Transient, Unclear),
        (ConnectionLost("reset"), Transient, Unclear),
    ],
)
def test_a_broken_connection_is_unclear_only_after_sending_a_write(
    failure: HttpError, read: type[MagentoError], write: type[MagentoError]
) -> None:
    assert type(error_from(READ, failure)) is read
    assert type(error_from(WRITE, failure)) is write


def test_a_success_that_cannot_be_read() -> None:
    page, cut = Response(200, content=b"<html>Log in</html>"), Response(200, content=b'{"entity_')
    assert type(unreadable(READ, page, "a page")) is ConfigurationError
    assert type(unreadable(READ, cut, "half")) is Transient
    assert type(unreadable(WRITE, page, "a page")) is Unclear
    assert type(unreadable(WRITE, cut, "half")) is Unclear


def test_an_error_page_served_as_success_is_read_like_any_other() -> None:
    page = Response(200, content=b"<html><p>Error log record number: 2873f84ccc9f</p></html>")
    for request, kind in ((READ, Transient), (WRITE, Unclear)):
        error = unreadable(request, page, "a page")
        assert type(error) is kind
        assert error.message == (
            "There has been an error processing your request. Error log record number: 2873f84ccc9f"
        )


def test_the_request_line_has_no_query_and_the_body_is_limited() -> None:
    error = answered(READ, 500, b"x" * 50_000)
    assert error.request_line == "GET /rest/V1/orders"
    assert len(error.raw) == RAW_BYTES


def test_an_error_survives_pickling_and_copying() -> None:
    error = answered(WRITE, 400, b'{"message":"No %1","parameters":["way"]}')
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is Rejected
        assert (str(twin), twin.parameters, twin.status) == ("No way", {"1": "way"}, 400)
