"""Webhooks: who may send, what is taken once, and what becomes of it."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http import Secret
from mageferry.http.placeholders import Scope
from mageferry.http.subscriber import (
    AnswerFormat,
    EntityRules,
    Format,
    IncomingError,
    ItemsPattern,
    Limits,
    NoIdentifier,
    TooLarge,
    UnreadableAnswer,
    WrongSettings,
)
from mageferry.http.webhook import (
    AnswerTemplate,
    Delivery,
    DeliveryRefused,
    Encoding,
    MemoryReplays,
    MethodRefused,
    Replayed,
    SecretWrong,
    SharedSecret,
    Signature,
    SignatureMissing,
    SignatureWrong,
    Untimely,
    Webhook,
    Where,
    answer,
    parse,
    refusal,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
KEY = "a-key-of-the-sender"
BODY = b'{"items": [{"id": 1}, {"id": 2}]}'
ENTITIES = EntityRules(identifier=("id",))


def digest(payload: bytes, key: bytes = KEY.encode(), algorithm: str = "sha256") -> bytes:
    return hmac.new(key, payload, algorithm).digest()


def signed(signature: Signature, headers: dict[str, str], body: bytes = BODY) -> tuple[Delivery, Webhook]:
    webhook = Webhook(signature=signature, items=ItemsPattern("items"), entities=ENTITIES)
    return Delivery("POST", "/hook", {"Content-Type": "application/json", **headers}, body), webhook


SECRETS = (Secret(KEY),)
GITHUB = (
    Signature(SECRETS, header="X-Hub-Signature-256", prefix="sha256="),
    {"x-hub-signature-256": f"sha256={digest(BODY).hex()}"},
)
SHOPIFY = (
    Signature(SECRETS, header="X-Shopify-Hmac-Sha256", encoding=Encoding.BASE64),
    {"X-Shopify-Hmac-Sha256": base64.b64encode(digest(BODY)).decode()},
)
SLACK = (
    Signature(
        SECRETS,
        header="X-Slack-Signature",
        prefix="v0=",
        signed="v0:{timestamp}:{body}",
        timestamp="X-Slack-Request-Timestamp",
    ),
    {
        "X-Slack-Request-Timestamp": STAMP,
        "X-Slack-Signature": f"v0={digest(b'v0:' + STAMP.encode() + b':' + BODY).hex()}",
    },
)
STRIPE = (
    Signature(
        SECRETS,
        header="Stripe-Signature",
        signed="{timestamp}.{body}",
        signature_field="v1",
        timestamp_field="t",
    ),
    {"Stripe-Signature": f"t={STAMP},v1={'0' * 64},v1={digest(STAMP.encode() + b'.' + BODY).hex()},v0=old"},
)
STANDARD = (
    Signature(
        (Secret(f"whsec_{base64.b64encode(KEY.encode()).decode()}"),),
        header="webhook-signature",
        prefix="v1,",
        encoding=Encoding.BASE64,
        signed="{id}.{timestamp}.{body}",
        timestamp="webhook-timestamp",
        identifier="webhook-id",
        key_encoding=Encoding.BASE64,
    ),
    {
        "webhook-id": "msg_1",
        "webhook-timestamp": STAMP,
        "webhook-signature": "v2,xx v1,"
        + base64.b64encode(digest(b"msg_1." + STAMP.encode() + b"." + BODY)).decode(),
    },
)
SHA1 = (
    Signature((Secret("old"), Secret(KEY)), algorithm="sha1"),
    {"X-Signature": digest(BODY, algorithm="sha1").hex().upper()},
)
ALL = pytest.mark.parametrize(
    ("signature", "headers"),
    [GITHUB, SHOPIFY, SLACK, STRIPE, STANDARD, SHA1],
    ids=["github", "shopify", "slack", "stripe", "standard", "sha1"],
)


@ALL
def test_a_signed_delivery_is_taken(signature: Signature, headers: dict[str, str]) -> None:
    delivery, webhook = signed(signature, headers)
    parsed = parse(delivery, webhook, NOW)
    assert [entity.identifier for entity in parsed.entities] == ["1", "2"]


@ALL
def test_a_changed_body_or_another_key_is_refused(signature: Signature, headers: dict[str, str]) -> None:
    delivery, webhook = signed(signature, headers, BODY.replace(b"1", b"3"))
    with pytest.raises(SignatureWrong):
        parse(delivery, webhook, NOW)
    other = replace(signature, secrets=(Secret(base64.b64encode(b"another key").decode()),))
    delivery, webhook = signed(other, headers)
    with pytest.raises(SignatureWrong):
        parse(delivery, webhook, NOW)


@ALL
def test_without_a_signature_nothing_is_taken(signature: Signature, headers: dict[str, str]) -> None:
    for name in headers:
        delivery, webhook = signed(signature, {key: value for key, value in headers.items() if key != name})
        with pytest.raises(SignatureMissing):
            parse(delivery, webhook, NOW)


@pytest.mark.parametrize(("signature", "headers"), [SLACK, STRIPE, STANDARD])
@pytest.mark.parametrize(("seconds", "direction"), [(301, "ago"), (-301, "in the future")])
def test_an_old_delivery_is_refused(
    signature: Signature, headers: dict[str, str], seconds: int, direction: str
) -> None:
    delivery, webhook = signed(signature, headers)
    with pytest.raises(Untimely, match=f"301 seconds {direction}"):
        parse(delivery, webhook, NOW + timedelta(seconds=seconds))
    parse(delivery, webhook, NOW + timedelta(seconds=seconds - 2 if seconds > 0 else seconds + 2))


def test_another_timestamp_does_not_fit_the_signature() -> None:
    signature, headers = SLACK
    later = NOW + timedelta(hours=1)
    delivery, webhook = signed(
        signature, {**headers, "X-Slack-Request-Timestamp": str(int(later.timestamp()))}
    )
    with pytest.raises(SignatureWrong):
        parse(delivery, webhook, later)


@pytest.mark.parametrize(
    "text", [STAMP, f"{STAMP}000", "2026-03-01T12:00:00Z", "Sun, 01 Mar 2026 12:00:00 GMT"]
)
def test_timestamps_are_read_in_many_forms(text: str) -> None:
    signature = Signature(SECRETS, signed="{timestamp}{body}", timestamp="Date")
    headers = {"Date": text, "X-Signature": digest(text.encode() + BODY).hex()}
    delivery, webhook = signed(signature, headers)
    assert parse(delivery, webhook, NOW).entities
    text = "soon"
    delivery, webhook = signed(signature, {"Date": text, "X-Signature": digest(text.encode() + BODY).hex()})
    with pytest.raises(Untimely, match="cannot be read"):
        parse(delivery, webhook, NOW)


@ALL
def test_a_delivery_is_taken_once(signature: Signature, headers: dict[str, str]) -> None:
    delivery, webhook = signed(signature, headers)
    webhook = replace(webhook, replays=MemoryReplays())
    assert parse(delivery, webhook, NOW).entities
    # The same signature, written otherwise.
    again = {name: f" {value} " for name, value in delivery.headers.items()}
    with pytest.raises(Replayed):
        parse(replace(delivery, headers=again), webhook, NOW + timedelta(seconds=299))


def test_what_could_not_be_processed_may_come_again() -> None:
    delivery, webhook = signed(*SLACK)
    replays = MemoryReplays()
    webhook = replace(webhook, replays=replays)
    parsed = parse(delivery, webhook, NOW)
    replays.forget(parsed.replay_key)
    assert parse(delivery, webhook, NOW).entities
    broken = b"<html>"
    delivery, _ = signed(GITHUB[0], {"X-Hub-Signature-256": f"sha256={digest(broken).hex()}"}, broken)
    webhook = Webhook(signature=GITHUB[0], replays=replays)
    for _ in range(2):
        with pytest.raises(UnreadableAnswer):
            parse(delivery, webhook, NOW)


def test_replays_are_kept_until_they_run_out_and_are_bounded() -> None:
    replays = MemoryReplays(limit=10)
    assert replays.add("a", NOW + timedelta(seconds=1), NOW)
    assert not replays.add("a", NOW + timedelta(seconds=1), NOW)
    assert replays.add("a", NOW + timedelta(hours=1), NOW + timedelta(seconds=1))
    for number in range(100):
        assert replays.add(str(number), NOW + timedelta(seconds=number + 1), NOW)
    assert not replays.add("a", NOW, NOW)
    assert replays.add("0", NOW, NOW)


SHARED = (Secret("a-shared-secret-1"), Secret("a-shared-secret-2"))


@pytest.mark.parametrize(
    ("secret", "target", "headers"),
    [
        (SharedSecret(SHARED, Where.PATH), "/hooks/a-shared-secret-2?x=1", {}),
        (SharedSecret(SHARED, name="X-Token"), "/", {"x-token": "a-shared-secret-1"}),
        (
            SharedSecret(SHARED, name="Authorization", prefix="Bearer "),
            "/",
            {"Authorization": "Bearer a-shared-secret-1"},
        ),
        (SharedSecret(SHARED, Where.QUERY, "token"), "/?token=a-shared-secret-1", {}),
    ],
    ids=["path", "header", "bearer", "query"],
)
def test_a_shared_secret_lets_in(secret: SharedSecret, target: str, headers: dict[str, str]) -> None:
    webhook = Webhook(secret=secret)
    delivery = Delivery("POST", target, {"Content-Type": "application/json", **headers}, b"[]")
    assert parse(delivery, webhook).entities == ()
    wrong_headers = {name: value.replace("shared", "wrong") for name, value in headers.items()}
    for wrong in (
        replace(delivery, target=target.replace("shared", "wrong"), headers=wrong_headers),
        replace(delivery, target="/", headers={}),
        replace(delivery, target=f"{target}&token=a-shared-secret-1", headers=dict.fromkeys(headers, "")),
    ):
        if wrong.target.startswith("/hooks/a-shared"):
            continue
        with pytest.raises(SecretWrong) as caught:
            parse(wrong, webhook)
        assert "a-shared" not in f"{caught.value}{wrong!r}"


def open_hook(**settings: Any) -> Webhook:
    return Webhook(**{"open_to_all": True, "entities": ENTITIES, **settings})


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'[{"id": "1"}]', [{"id": "1"}]),
        ("text/xml", b"<order><id>1</id></order>", [{"id": "1"}]),
        ("text/csv", b"id\n1\n2", [{"id": "1"}, {"id": "2"}]),
        ("application/x-www-form-urlencoded", b"id=1&a=b", [{"id": "1", "a": "b"}]),
    ],
)
def test_bodies_are_read_by_their_type(content_type: str, body: bytes, expected: Any) -> None:
    pattern = ItemsPattern("order || @") if content_type == "text/xml" else ItemsPattern()
    parsed = parse(Delivery("POST", "/", {"content-type": content_type}, body), open_hook(items=pattern))
    assert [entity.data for entity in parsed.entities] == expected


def test_the_query_of_a_get_is_an_entity() -> None:
    parsed = parse(Delivery("GET", "/hook?id=7&topic=order"), open_hook(methods=("GET", "POST")))
    assert parsed.entities[0].data == {"id": "7", "topic": "order"}


def test_a_secret_in_the_query_is_no_part_of_the_entity() -> None:
    secret = SharedSecret(SHARED, Where.QUERY, "token")
    webhook = Webhook(secret=secret, methods=("GET",), entities=ENTITIES)
    parsed = parse(Delivery("GET", "/?id=7&token=a-shared-secret-1"), webhook)
    assert parsed.entities[0].data == parsed.query == {"id": "7"}


def test_a_wrong_entity_fails_alone() -> None:
    delivery = Delivery("POST", "/", {"content-type": "application/json"}, b'[{"id": 1}, {"name": "x"}]')
    parsed = parse(delivery, open_hook())
    (failure,) = parsed.failures
    assert isinstance(failure, NoIdentifier)
    assert failure.message.startswith("Entity 2: ")
    reply = answer(
        open_hook(reply=AnswerTemplate(202, body={"ok": "&{accepted}", "wrong": "&{failed}"})), parsed
    )
    assert (reply.status, orjson.loads(reply.body)) == (202, {"ok": 1, "wrong": 1})


@pytest.mark.parametrize(
    ("delivery", "kind"),
    [
        (Delivery("DELETE", "/"), MethodRefused),
        (Delivery("POST", "/", {"content-type": "application/json"}, b"x" * 101), TooLarge),
        (Delivery("POST", "/", {"content-encoding": "gzip"}, b"x"), UnreadableAnswer),
        (Delivery("POST", "/", {"content-type": "text/html"}, b"x"), UnreadableAnswer),
        (Delivery("POST", "/"), UnreadableAnswer),
        (
            Delivery("POST", "/?" + "a=1&" * 2000, {"content-type": "application/json"}, b"[]"),
            UnreadableAnswer,
        ),
    ],
)
def test_what_cannot_be_read_is_told(delivery: Delivery, kind: type[IncomingError]) -> None:
    body = AnswerFormat(Format.AUTO, limits=Limits(body_bytes=100))
    with pytest.raises(kind):
        parse(delivery, open_hook(body=body))


def test_the_answer_may_echo_a_challenge() -> None:
    hook = open_hook(
        reply=AnswerTemplate(headers={"X-Region": "@{globals.region}"}, body="&{body.challenge}"),
        entities=EntityRules(),
    )
    delivery = Delivery("POST", "/", {"content-type": "application/json"}, b'{"challenge": "<b>3</b>"}')
    reply = answer(hook, parse(delivery, hook), Scope(context={"globals": {"region": "eu\r\nX-Evil: 1"}}))
    assert reply.body == b"<b>3</b>"
    assert reply.headers == {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "X-Region": "eu X-Evil: 1",
    }
    with pytest.raises(WrongSettings, match="finds nothing"):
        answer(hook, replace(parse(delivery, hook), document={}))


def test_a_refusal_tells_strangers_little() -> None:
    stranger = refusal(SignatureWrong("The signature in X-Signature does not belong to the body"))
    assert (stranger.status, stranger.body) == (401, b'{"message":"Refused"}')
    assert refusal(Replayed("The same delivery came before")).status == 409
    assert refusal(UnreadableAnswer("The answer is no JSON")).body == b'{"message":"The answer is no JSON"}'


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Webhook(), "signature"),
        (lambda: open_hook(replays=MemoryReplays()), "replays"),
        (lambda: open_hook(methods=("post",)), "methods"),
        (lambda: SharedSecret((Secret("short"),), Where.PATH), "secret.secrets"),
        (lambda: SharedSecret(SHARED), "secret.name"),
        (lambda: Signature(()), "signature.secrets"),
        (lambda: Signature(SECRETS, algorithm="md5"), "signature.algorithm"),
        (lambda: Signature(SECRETS, encoding=Encoding.TEXT), "signature.encoding"),
        (lambda: Signature(SECRETS, key_encoding=Encoding.HEX), "signature.secrets"),
        (lambda: Signature(SECRETS, timestamp="Date"), "signature.signed"),
        (lambda: Signature(SECRETS, signed="{id}{body}"), "signature.signed"),
        (lambda: Signature(SECRETS, signed="{timestamp}", timestamp="Date"), "signature.signed"),
        (lambda: Signature(SECRETS, tolerance_seconds=0), "signature.tolerance_seconds"),
        (lambda: AnswerTemplate(99), "reply.status"),
        (lambda: AnswerTemplate(body="&{"), "reply"),
    ],
)
def test_settings_are_checked(make: Any, field: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        make()
    assert caught.value.path == field


@given(
    st.binary(max_size=50),
    st.sampled_from([GITHUB, SLACK, STRIPE, STANDARD]),
    st.dictionaries(
        st.sampled_from([name for _, headers in (GITHUB, SLACK, STRIPE, STANDARD) for name in headers]),
        st.text(max_size=40),
    ),
)
def test_no_stranger_gets_in(body: bytes, known: tuple[Signature, Any], headers: dict[str, str]) -> None:
    delivery, webhook = signed(known[0], headers, body)
    with pytest.raises(DeliveryRefused):
        parse(delivery, webhook, NOW)


def test_the_digest_is_of_what_was_signed() -> None:
    delivery, webhook = signed(*GITHUB)
    parsed = parse(delivery, replace(webhook, replays=MemoryReplays()), NOW)
    assert parsed.replay_key == hashlib.sha256(BODY).hexdigest()
