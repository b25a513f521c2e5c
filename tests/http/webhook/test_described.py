"""A webhook as data: what it becomes, and what is said of one that cannot work."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from mageferry.http import Secret
from mageferry.http.config import ConfigError, FieldKind, form_fields
from mageferry.http.placeholders import Scope
from mageferry.http.redaction import MASK
from mageferry.http.subscriber import EntityRules, Format, ItemsPattern
from mageferry.http.webhook import (
    AnswerTemplate,
    Delivery,
    MemoryReplays,
    Replayed,
    SharedSecret,
    Signature,
    Webhook,
    Where,
    answer,
    parse,
)
from mageferry.http.webhook.described import WebhookDescription

KEY = "canary-key-of-the-sender"
SIGNATURE = {"secret": "${SENDER_KEY}", "header": "X-Hub-Signature-256", "prefix": "sha256="}
SCOPE = Scope(environment={"SENDER_KEY": Secret(KEY)})
EVERYTHING: dict[str, Any] = {
    "signature": {**SIGNATURE, "previous": "old key", "tolerance_seconds": 60},
    "take_once": True,
    "remember_seconds": 600,
    "methods": ["POST", "PUT"],
    "body": {"format": "json", "limits": {"body_bytes": 5000}},
    "items": {"pattern": "orders"},
    "entities": {"identifier": ["id"]},
    "reply": {"status": 202, "headers": {"X-Taken": "&{accepted}"}, "body": {"taken": "&{accepted}"}},
}


def delivered(body: Any, key: str = KEY) -> Delivery:
    content = orjson.dumps(body)
    signature = hmac.new(key.encode(), content, hashlib.sha256).hexdigest()
    return Delivery("POST", "/hook", {"X-Hub-Signature-256": f"sha256={signature}"}, content)


def test_options_that_are_left_out_are_those_of_a_webhook() -> None:
    assert WebhookDescription.parse({"open_to_all": True}).build() == Webhook(open_to_all=True)
    signed = WebhookDescription.parse({"signature": {"secret": "k"}}).build()
    assert signed == Webhook(signature=Signature((Secret("k"),)))
    shared = {"secret": {"secret": "long enough for anybody", "name": "X-Token"}}
    assert WebhookDescription.parse(shared).build() == Webhook(
        secret=SharedSecret((Secret("long enough for anybody"),), Where.HEADER, "X-Token")
    )


def test_every_option_reaches_the_webhook() -> None:
    replays = MemoryReplays()
    webhook = WebhookDescription.parse(EVERYTHING).build(scope=SCOPE, replays=replays)
    signature = webhook.signature
    assert signature is not None
    assert [secret.reveal() for secret in signature.secrets] == [KEY, "old key"]
    assert (signature.header, signature.prefix, signature.tolerance_seconds) == (
        "X-Hub-Signature-256",
        "sha256=",
        60,
    )
    assert (webhook.replays, webhook.remember_seconds, webhook.methods) == (replays, 600, ("POST", "PUT"))
    assert (webhook.body.kind, webhook.body.limits.body_bytes) == (Format.JSON, 5000)
    assert (webhook.items, webhook.entities) == (ItemsPattern("orders"), EntityRules(("id",)))
    assert webhook.reply == AnswerTemplate(202, {"X-Taken": "&{accepted}"}, {"taken": "&{accepted}"})


def test_it_takes_deliveries_with_either_secret_and_each_once() -> None:
    webhook = WebhookDescription.parse(EVERYTHING).build(scope=SCOPE, replays=MemoryReplays())
    for key in (KEY, "old key"):
        delivery = delivered({"orders": [{"id": 15}], "by": key}, key)
        parsed = parse(delivery, webhook)
        assert [entity.identifier for entity in parsed.entities] == ["15"]
        assert answer(webhook, parsed).body == b'{"taken":1}'
        with pytest.raises(Replayed):
            parse(delivery, webhook)


def test_secrets_are_written_only() -> None:
    description = WebhookDescription.parse({"signature": {"secret": KEY}})
    assert description.options() == {"signature": {"secret": MASK}}
    assert description.options(reveal=True) == {"signature": {"secret": KEY}}
    assert KEY not in f"{description!r} {description} {description.build()!r}"
    assert [secret.reveal() for secret in description.secrets_within()] == [KEY]
    fields = {field.name: field for field in form_fields(WebhookDescription)}
    for name in ("secret.secret", "secret.previous", "signature.secret", "signature.previous"):
        assert (fields[name].kind, fields[name].default) == (FieldKind.SECRET, None)


@pytest.mark.parametrize(
    ("options", "path", "told"),
    [
        ({}, "signature", "neither a signature nor a shared secret"),
        ({"signature": {}}, "signature.secret", "is missing"),
        ({"signature": {"secret": ""}}, "signature.secret", "the secret is missing"),
        ({"signature": {"secret": MASK}}, "signature.secret", "was masked"),
        ({"signature": {"secret": 7}}, "signature.secret", "a text is needed"),
        ({"signature": {"secret": "${"}}, "signature.secret", "never closed"),
        ({"signature": {"secret": KEY, "key_encoding": "base64"}}, "signature.secret", "no base64"),
        ({"signature": {"secret": KEY, "algorithm": "md5"}}, "signature.algorithm", "sha256"),
        ({"signature": {"secret": KEY, "encoding": "text"}}, "signature.encoding", "hex or base64"),
        ({"signature": {"secret": KEY, "signed": "{id}"}}, "signature.signed", "needs {body}"),
        ({"signature": {"secret": KEY, "timestamp": "X-At"}}, "signature.signed", "belong together"),
        ({"signature": {"secret": KEY, "tolerance_seconds": 0}}, "signature.tolerance_seconds", "greater"),
        ({"secret": {"secret": "canary-short", "where": "path"}}, "secret.secret", "16 characters"),
        ({"secret": {"secret": KEY}}, "secret.name", "is needed"),
        ({"secret": {"secret": KEY, "where": "body"}}, "secret.where", "'path'"),
        ({"open_to_all": True, "take_once": True}, "take_once", "needs a signature"),
        ({"open_to_all": True, "methods": ["post"]}, "methods[0]", "in capitals"),
        ({"open_to_all": True, "methods": []}, "methods", "is empty"),
        ({"open_to_all": True, "body": {"limits": {"items": 0}}}, "body.limits.items", "greater"),
        ({"open_to_all": True, "items": {"pattern": "a["}}, "items.pattern", "no JMESPath"),
        ({"open_to_all": True, "reply": {"status": 100}}, "reply.status", "greater than or equal to 200"),
        ({"open_to_all": True, "reply": {"body": ["&{"]}}, "reply.body[0]", "never closed"),
        ({"open_to_all": True, "answer": {}}, "answer", "no such option"),
    ],
)
def test_what_cannot_work_is_told_with_its_field_and_how_to_mend_it(
    options: dict[str, Any], path: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        WebhookDescription.parse(options, "hooks.erp")
    (problem,) = caught.value.problems
    assert problem.path == f"hooks.erp.{path}"
    assert told in problem.message
    assert problem.remedy
    assert "canary" not in f"{problem} {problem.remedy}"


@pytest.mark.parametrize(
    ("options", "path", "told"),
    [
        ({"signature": {"secret": "${OTHER}"}}, "signature.secret", "finds nothing"),
        ({"secret": {"secret": "${SHORT}", "where": "path"}}, "secret.secret", "16 characters"),
        ({"signature": {"secret": "${SHORT}", "key_encoding": "hex"}}, "signature.secret", "no hex"),
        ({"signature": SIGNATURE, "take_once": True}, "take_once", "nothing to remember deliveries in"),
    ],
)
def test_what_shows_only_when_it_is_built_is_told_the_same_way(
    options: dict[str, Any], path: str, told: str
) -> None:
    scope = Scope(environment={"SENDER_KEY": Secret(KEY), "SHORT": Secret("canary")})
    description = WebhookDescription.parse(options)
    with pytest.raises(ConfigError) as caught:
        description.build("hooks.erp", scope=scope)
    (problem,) = caught.value.problems
    assert (problem.path, told in problem.message) == (f"hooks.erp.{path}", True)
    assert "canary" not in str(problem)


def test_a_description_comes_out_as_it_went_in_and_its_schema_takes_it() -> None:
    description = WebhookDescription.parse(EVERYTHING)
    assert description.options(reveal=True) == EVERYTHING
    assert (
        WebhookDescription.parse(orjson.loads(orjson.dumps(description.options(reveal=True)))) == description
    )
    schema = WebhookDescription.model_json_schema()
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(EVERYTHING)
    assert schema["$defs"]["SignatureDescription"]["properties"]["secret"]["writeOnly"] is True
