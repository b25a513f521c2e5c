"""Publishing one entity: what each answer means, and how an unclear one is settled."""

import asyncio
from typing import Any

import pytest

from mageferry.http import (
    AsyncHttpClient,
    ConnectionLost,
    Headers,
    HostUnknown,
    HttpClient,
    HttpConfig,
    InvalidRequest,
    Request,
    Response,
    Secret,
    SignInRefused,
    TimedOut,
    TlsFailed,
    UnexpectedStatus,
)
from mageferry.http.authentication.bearer import Bearer
from mageferry.http.config import ConfigError
from mageferry.http.placeholders import Scope
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.plugins.expect import ExpectStatus
from mageferry.http.publisher import Outcome, Published, Publisher
from tests.http.local_server import Say, Seen, serving
from tests.http.publisher.remote import Answer, Remote, said

ORDER = {"number": "W-1", "total": 12.5}
REQUEST = {"path": "/orders", "body": {"number": "&{number}"}}
LOOK_UP = {
    "request": {"method": "GET", "path": "/orders", "query": {"number": "&{number}"}},
    "found": "items",
}


def publisher(**parts: Any) -> Publisher:
    return Publisher.parse({"request": REQUEST, "answer": {"id": "entity_id"}, **parts})


def published(came: Answer, entity: Any = ORDER, **parts: Any) -> Published:
    remote = Remote(came)
    return remote.run(publisher(**parts).publish(remote.handle, entity))


def test_an_entity_is_sent_and_its_id_read() -> None:
    result = published(said({"entity_id": 15}, 201))
    assert (result.outcome, result.remote_id, result.status) == (Outcome.DONE, 15, 201)
    assert result.body == {"entity_id": 15}
    assert result.exchange is not None
    assert (result.exchange.method, result.exchange.request_body) == ("POST", '{"number":"W-1"}')


@pytest.mark.parametrize(
    ("answer", "path", "remote_id"),
    [
        (said(15), "@[0]", 15),
        (said("abc"), "@[0]", "abc"),
        (said(None, 201, location="/orders/15"), "@{answer.headers.location}", "/orders/15"),
        (Response(200, Headers({"content-type": "text/xml"}), b"<r><id>7</id></r>"), "r.id", "7"),
    ],
)
def test_the_id_can_be_anywhere_in_the_answer(answer: Response, path: str, remote_id: Any) -> None:
    result = published(answer, answer={"id": path})
    assert (result.outcome, result.remote_id) == (Outcome.DONE, remote_id)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said({"message": "SKU is unknown"}, 400), Outcome.REFUSED),
        (said({}, 409), Outcome.REFUSED),
        (said({}, 429), Outcome.TRANSIENT),
        (said({}, 500), Outcome.UNCLEAR),
        (said({}, 503), Outcome.UNCLEAR),
        (said({"other": 1}), Outcome.UNCLEAR),
        (Response(200, content=b"<html>sorry</html>"), Outcome.UNCLEAR),
        (said({"entity_id": 1, "error": "no stock"}), Outcome.REFUSED),
        (said({"error": "no stock", "code": "BUSY"}), Outcome.TRANSIENT),
        (UnexpectedStatus("x", status=404), Outcome.REFUSED),
        (UnexpectedStatus("x", status=502), Outcome.UNCLEAR),
        (TimedOut("late"), Outcome.UNCLEAR),
        (ConnectionLost("reset"), Outcome.UNCLEAR),
        (HostUnknown("dns"), Outcome.TRANSIENT),
        (TlsFailed("expired"), Outcome.REFUSED),
        (SignInRefused("no"), Outcome.REFUSED),
        (InvalidRequest("no"), Outcome.REFUSED),
    ],
)
def test_each_answer_says_what_to_do_next(answer: Answer, outcome: Outcome) -> None:
    rules = {"id": "entity_id", "error": "error", "transient_when": "code == 'BUSY'"}
    assert published(answer, answer=rules).outcome is outcome


@pytest.mark.parametrize("answer", [said({}, 500), TimedOut("late"), said({"other": 1})])
@pytest.mark.parametrize("repeat", [{"safe": True}, {"key": "order-&{number}"}])
def test_what_may_be_repeated_is_never_unclear(answer: Answer, repeat: dict[str, Any]) -> None:
    assert published(answer, repeat=repeat).outcome is Outcome.TRANSIENT


def test_the_servers_reason_and_its_wait_are_told() -> None:
    result = published(
        said({"error": {"text": "no stock", "password": "CANARY"}}, 400), answer={"error": "error"}
    )
    assert result.message == 'The server answered 400: {"text":"no stock","password":"********"}'
    assert published(said({}, 429, retry_after="7")).wait_seconds == 7
    assert "CANARY" not in repr(published(said({"entity_id": "CANARY", "a": "CANARY"}), answer={}))


def test_an_answer_that_makes_an_expression_fail_stays_unclear() -> None:
    result = published(said({"entity_id": 15}), answer={"id": "length(entity_id)"})
    assert result.outcome is Outcome.UNCLEAR
    assert "answer.id" in result.message


def test_an_entity_without_what_is_needed_is_refused_before_anything_is_sent() -> None:
    remote = Remote()
    result = remote.run(publisher().publish(remote.handle, {}))
    assert (result.outcome, remote.seen) == (Outcome.REFUSED, [])
    assert "request.body.number" in result.message


def test_an_idempotency_key_goes_along() -> None:
    remote = Remote(said({"entity_id": 1}))
    remote.run(publisher(repeat={"key": "order-&{number}"}).publish(remote.handle, ORDER))
    assert remote.seen[0].headers["Idempotency-Key"] == "order-W-1"
    assert remote.seen[0].may_repeat


def test_an_empty_idempotency_key_is_refused() -> None:
    assert published(said({}), {"number": ""}, repeat={"key": "&{number}"}).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("answers", "outcome", "remote_id", "sent"),
    [
        ([said({"items": [{"entity_id": 15}]})], Outcome.DONE, 15, 1),
        ([said({"items": []}), said({"entity_id": 16})], Outcome.DONE, 16, 2),
        ([said({}, 404), said({"entity_id": 16})], Outcome.DONE, 16, 2),
        ([said({"items": [{"entity_id": 1}, {"entity_id": 2}]})], Outcome.UNCLEAR, None, 1),
        ([Response(200, content=b"<html>login</html>")], Outcome.UNCLEAR, None, 1),
        ([said({}, 500)], Outcome.UNCLEAR, None, 1),
        ([said({}, 401)], Outcome.UNCLEAR, None, 1),
        ([TimedOut("late")], Outcome.UNCLEAR, None, 1),
        ([said({"items": []}), TimedOut("late")], Outcome.UNCLEAR, None, 2),
    ],
)
def test_after_an_unclear_attempt_it_looks_first(
    answers: list[Answer], outcome: Outcome, remote_id: Any, sent: int
) -> None:
    remote = Remote(*answers)
    flow = publisher(repeat={"look_up": LOOK_UP}).publish(remote.handle, ORDER, after_unclear=True)
    result = remote.run(flow)
    assert (result.outcome, result.remote_id, len(remote.seen)) == (outcome, remote_id, sent)
    assert remote.lines[0] == "GET /orders?number=W-1"
    assert result.adopted is (remote_id == 15)


def test_without_a_way_to_see_a_person_decides() -> None:
    remote = Remote()
    result = remote.run(publisher().publish(remote.handle, ORDER, after_unclear=True))
    assert (result.outcome, remote.seen) == (Outcome.UNCLEAR, [])
    assert "by hand" in result.remedy or "other system" in result.remedy


def test_what_may_be_repeated_is_sent_again_without_a_look() -> None:
    remote = Remote(said({"entity_id": 1}))
    result = remote.run(publisher(repeat={"safe": True}).publish(remote.handle, ORDER, after_unclear=True))
    assert (result.outcome, len(remote.seen)) == (Outcome.DONE, 1)


def answering(seen: Seen) -> Say:
    if seen.headers["authorization"] != "Bearer CANARY-TOKEN":
        return Say(401)
    return Say(201, {"entity_id": 15})


def test_both_clients_drive_the_same_publisher_and_show_what_was_sent() -> None:
    with serving(answering) as server:
        config = HttpConfig(
            plugins=(BaseUri(f"{server.url}/rest"), ExpectStatus()),
            authentication=Bearer(Secret("CANARY-TOKEN")),
        )
        with HttpClient(config) as client:
            blocking = client.run(publisher().publish(client.handle, ORDER))

        async def publish() -> Published:
            async with AsyncHttpClient(config) as client:
                return await client.run(publisher().publish(client.handle, ORDER))

        waiting = asyncio.run(publish())
    assert [seen.path for seen in server.seen] == ["/rest/orders"] * 2
    for result in (blocking, waiting):
        assert (result.outcome, result.remote_id) == (Outcome.DONE, 15)
        assert result.exchange is not None
        assert result.exchange.url == f"{server.url}/rest/orders"
        assert ("Authorization", "Bearer ********") in result.exchange.request_headers
        assert "CANARY" not in f"{result!r}{result.exchange.render()}"


def test_a_server_that_hangs_up_leaves_it_unclear() -> None:
    with serving(lambda seen: Say(200, b"x", {"Content-Length": "100", "Connection": "close"})) as server:
        config = HttpConfig(plugins=(BaseUri(server.url),))
        with HttpClient(config) as client:
            result = client.run(publisher().publish(client.handle, ORDER))
    assert result.outcome is Outcome.UNCLEAR


def test_the_context_is_at_hand() -> None:
    remote = Remote(said({}))
    how = Publisher.parse({"request": {"path": "/@{globals.region}/&{number}"}})
    remote.run(how.publish(remote.handle, ORDER, Scope(context={"globals": {"region": "eu"}})))
    assert remote.lines == ["POST /eu/W-1"]


def test_what_cannot_be_together_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        publisher(
            answer={"id": "a[", "expect": "2xx"},
            repeat={"look_up": {"request": {}, "found": ""}},
            batch={"entity_key": "sku"},
        )
    paths = sorted(problem.path for problem in caught.value.problems)
    assert paths == [
        "answer.expect",
        "answer.id",
        "batch",
        "repeat.look_up.found",
        "repeat.look_up.request.path",
    ]


def test_a_request_shows_no_more_than_its_line() -> None:
    assert repr(publisher().request(Scope(ORDER))) == repr(Request("POST", "/orders"))


def test_an_error_is_told_without_the_secrets_of_the_configuration() -> None:
    scope = Scope(context={"globals": {"key": Secret("CANARY")}})
    for error in ("@{globals.key}", "@{globals}"):
        remote = Remote(said({}, 400))
        result = remote.run(publisher(answer={"error": error}).publish(remote.handle, ORDER, scope))
        assert "CANARY" not in result.message
