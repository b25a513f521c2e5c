"""Webhooks: deliveries that come by themselves, checked and turned into entities. Pure functions, no server.

    parsed = parse(Delivery("POST", headers=headers, body=body), webhook)
    for entity in parsed.entities:
        ...
    reply = answer(webhook, parsed)

Errors: `DeliveryRefused` and `UnreadableAnswer` of `mageferry.http.subscriber.errors`.
"""

from mageferry.http.subscriber.errors import (
    DeliveryRefused,
    MethodRefused,
    Replayed,
    SecretWrong,
    SignatureMissing,
    SignatureWrong,
    Untimely,
)
from mageferry.http.webhook.answers import AnswerTemplate, Reply, answer, refusal
from mageferry.http.webhook.delivery import Delivery
from mageferry.http.webhook.parsing import Parsed, Webhook, parse
from mageferry.http.webhook.replays import MemoryReplays, Replays
from mageferry.http.webhook.secrets import SharedSecret, Where
from mageferry.http.webhook.signatures import Encoding, Signature

__all__ = [
    "AnswerTemplate",
    "Delivery",
    "DeliveryRefused",
    "Encoding",
    "MemoryReplays",
    "MethodRefused",
    "Parsed",
    "Replayed",
    "Replays",
    "Reply",
    "SecretWrong",
    "SharedSecret",
    "Signature",
    "SignatureMissing",
    "SignatureWrong",
    "Untimely",
    "Webhook",
    "Where",
    "answer",
    "parse",
    "refusal",
]
