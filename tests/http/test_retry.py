from datetime import UTC, datetime
from typing import Any

import pytest

from mageferry.http import (
    ConnectionLost,
    Headers,
    HttpConfig,
    Request,
    Response,
    Sleep,
    TimedOut,
    TlsFailed,
    Unreachable,
    UnreadableBody,
)
from mageferry.http.authentication.bearer import Bearer
from mageferry.http.flow import Flow, Next, Stage, run
from mageferry.http.plugins.retry import Backoff, Retry, StandardRule, retry_after_seconds
from mageferry.http.redaction import Secret

BACKOFF = Backoff(attempts=4, first_seconds=1.0, max_seconds=3.0, jitter=lambda top: top)
GET, POST = Request("GET", "https://a.example/"), Request("POST", "https://a.example/")


def attempts(request: Request, *answers: Response | Exception) -> tuple[Any, list[float], int]:
    """What comes out of a retry over these answers, the pauses, and how many were used."""
    left, sleeps = list(answers), list[float]()

    def send(_: Request) -> Response:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    handle = HttpConfig(plugins=(Retry(StandardRule(backoff=BACKOFF)),)).chain()
    try:
        outcome: Any = run(handle(request), send, sleeps.append)
    except Exception as error:
        outcome = error
    return outcome, sleeps, len(answers) - len(left)


def test_a_read_is_repeated_with_growing_pauses_up_to_a_limit() -> None:
    answers = [Response(503)] * 4 + [Response(200)]
    assert attempts(GET, *answers) == (answers[0], [1.0, 2.0, 3.0], 4)
    assert attempts(GET, Response(502), Response(200))[0].status == 200


@pytest.mark.parametrize("failure", [TimedOut("late"), ConnectionLost("reset")])
def test_after_sending_only_what_may_be_repeated_is(failure: Exception) -> None:
    assert attempts(GET, failure, Response(200))[2] == 2
    assert attempts(POST, failure, Response(200)) == (failure, [], 1)
    told = Request("POST", "https://a.example/", repeatable=True)
    assert attempts(told, failure, Response(200))[2] == 2


def test_a_body_that_is_too_large_is_not_fetched_again() -> None:
    assert attempts(GET, UnreadableBody("too large"), Response(200))[2] == 1


def test_what_was_not_sent_is_repeated_whatever_the_method() -> None:
    assert attempts(POST, Unreachable("refused"), Response(200))[2] == 2
    assert attempts(POST, TlsFailed("expired"), Response(200))[2] == 1


def test_other_answers_and_errors_pass() -> None:
    assert attempts(GET, Response(404), Response(200))[2] == 1
    assert attempts(POST, Response(503), Response(200))[2] == 1
    assert isinstance(attempts(GET, ZeroDivisionError(), Response(200))[0], ZeroDivisionError)


def test_retry_after_is_kept_to_and_a_long_one_left_to_the_caller() -> None:
    assert attempts(GET, Response(429, Headers({"Retry-After": "7"})), Response(200))[1] == [7.0]
    assert attempts(GET, Response(429, Headers({"Retry-After": "61"})), Response(200))[2] == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(text: str, seconds: float | None) -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert retry_after_seconds(Response(503, Headers([(b"retry-after", text.encode())])), now) == seconds


def test_full_jitter_stays_between_nothing_and_the_backoff() -> None:
    pauses = [Backoff(first_seconds=4.0).wait_seconds(1) for _ in range(50)]
    assert all(pause is not None and 0 <= pause <= 4.0 for pause in pauses)
    assert len(set(pauses)) > 10


class Signature:
    """Numbers every request it lets through, as an authentication would sign it."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        self.count += 1
        return (yield from next(request.with_header("Signature", str(self.count))))


class Recorder:
    stage = Stage.LOG

    def __init__(self) -> None:
        self.seen: list[str | None] = []

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        self.seen.append(request.header("signature"))
        return (yield from next(request))


def test_every_attempt_is_signed_and_logged_anew_whatever_the_order_given() -> None:
    log = Recorder()
    config = HttpConfig(plugins=(log, Retry(StandardRule(backoff=BACKOFF))), authentication=Signature())
    answers = [Response(503), Response(503), Response(200)]
    run(config.chain()(GET), lambda _: answers.pop(0), lambda _: None)
    assert log.seen == ["1", "2", "3"]


def test_bearer_sends_its_token() -> None:
    flow = HttpConfig(authentication=Bearer(Secret("abc"))).chain()(GET)
    sent = next(flow)
    assert isinstance(sent, Request)
    assert not isinstance(sent, Sleep)
    assert sent.header("authorization") == "Bearer abc"
