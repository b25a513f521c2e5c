"""What the sender of a delivery is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from mageferry.http.placeholders import Scope, Template, TemplateError, as_text, reveal
from mageferry.http.subscriber.errors import IncomingError, WrongSettings

if TYPE_CHECKING:
    from mageferry.http.webhook.parsing import Parsed, Webhook


@dataclass(frozen=True, slots=True)
class AnswerTemplate:
    """`headers` and `body` may have placeholders, over `body` (the delivery's, as data), `query`, `accepted` and
    `failed` (numbers) and `identifiers`: `{"challenge": "&{body.challenge}"}`. A body that is a text goes as plain
    text, anything else as JSON, None as nothing."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise WrongSettings("reply.status", "is a status from 200 to 599")
        try:
            Template.parse({"headers": dict(self.headers), "body": self.body}, "reply")
        except TemplateError as error:
            raise WrongSettings("reply", str(error), remedy=error.remedy) from None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def answer(webhook: Webhook, parsed: Parsed, scope: Scope | None = None) -> Reply:
    """The answer to a delivery that was taken. Raises WrongSettings when the template asks for what is not there."""
    data = {
        "body": parsed.document,
        "query": parsed.query,
        "accepted": len(parsed.entities),
        "failed": len(parsed.failures),
        "identifiers": [entity.identifier for entity in parsed.entities],
    }
    template = webhook.reply
    try:
        filled = Template.parse({"headers": dict(template.headers), "body": template.body}, "reply").fill(
            (scope or Scope()).with_data(data)
        )
    except TemplateError as error:
        raise WrongSettings("reply", str(error), remedy=error.remedy) from None
    plain = reveal(filled)
    headers = {name: _one_line(as_text(value)) for name, value in plain["headers"].items()}
    return _reply(template.status, headers, plain["body"])


def refusal(error: IncomingError) -> Reply:
    """The answer to a delivery that was not taken: its status and one line, which tells no more than needed."""
    status = getattr(error, "status", 400)
    return _reply(
        status, {}, {"message": error.message} if status not in (401, 403) else {"message": "Refused"}
    )


def _reply(status: int, headers: dict[str, str], body: Any) -> Reply:
    if body is None:
        return Reply(status, headers, b"")
    text = isinstance(body, str)
    # What a sender wrote may come back in it: no browser shall take it for a page.
    standard = {
        "Content-Type": "text/plain; charset=utf-8" if text else "application/json",
        "X-Content-Type-Options": "nosniff",
    }
    content = body.encode("utf-8", "replace") if text else orjson.dumps(body, default=str)
    return Reply(status, {**standard, **headers}, content)


def _one_line(text: str) -> str:
    """A header's value: a line break in it would begin another header."""
    return " ".join(text.split()) if any(ord(char) < 32 for char in text) else text
