"""Which answers mean what: pure rules from a response or failure to an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mageferry.http.authentication.tokens import said
from mageferry.http.config import Description
from mageferry.http.config.fields import option
from mageferry.http.descriptions import ExpressionText, Statuses, expression
from mageferry.http.errors import (
    HttpError,
    NotSent,
    ProxyRefused,
    TlsFailed,
    Unanswered,
    UnexpectedStatus,
)
from mageferry.http.message import Request, Response
from mageferry.http.placeholders import Expression, Scope, TemplateError, as_text, is_true, masked
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.plugins.retry import retry_after_seconds
from mageferry.http.publisher.answers import answer_scope, decoded
from mageferry.http.publisher.result import Outcome, Published
from mageferry.http.redaction import redact_json, redact_text

_SHOWN_CHARACTERS: Final = 500
_LOOK: Final = "Look whether it is there before it is sent again."


class AnswerDescription(Description):
    """How the answer to a request is read."""

    expect: Statuses = option("200-299", "Expected statuses", "Ranges such as 200-299, 404.", min_length=3)
    transient: Statuses = option(
        "408, 425, 429", "Statuses to try again after", "Of requests that were certainly not carried out."
    )
    transient_when: ExpressionText = option(
        "", "Try again when", "JMESPath over the body, true for a refusal that passes: code == 'BUSY'."
    )
    id: ExpressionText = option(
        "", "Id", "JMESPath over the body: entity_id, @[0] for a bare value, @{answer.headers.location}."
    )
    id_needed: bool = option(True, "Id is needed", "Without one it is unclear whether anything was made.")
    error: ExpressionText = option(
        "", "Error", "JMESPath that finds the error in a body, also in one of an expected status."
    )

    def build(self, path: str = "") -> AnswerRules:
        return AnswerRules(
            StatusRanges.parse(self.expect),
            StatusRanges.parse(self.transient),
            expression(self.transient_when, f"{path}.transient_when"),
            expression(self.id, f"{path}.id"),
            expression(self.error, f"{path}.error"),
            self.id_needed,
        )


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """See AnswerDescription."""

    expect: StatusRanges
    transient: StatusRanges
    transient_when: Expression | None = None
    id: Expression | None = None
    error: Expression | None = None
    id_needed: bool = True

    def judge(self, request: Request, answer: Response | HttpError, scope: Scope) -> Published:
        """The outcome of a request. Never raises: an expression that fails leaves the outcome unclear."""
        if isinstance(answer, UnexpectedStatus):
            # The client has rules of its own; which statuses are answers here is said here.
            answer = Response(answer.status, content=answer.content)
        if isinstance(answer, HttpError):
            return judge_failure(request, answer)
        return self.judge_body(request, answer, decoded(answer), scope)

    def judge_body(self, request: Request, answer: Response, body: Any, scope: Scope) -> Published:
        """The same for a decoded body, or the part of one that is about one of many entities."""
        try:
            return self._judge_answer(request, answer, body, answer_scope(scope, answer, body))
        except TemplateError as error:
            text = f"The answer ({answer.status}) came, but {error}"
            return _unread(request, answer, body, text, "Correct the expression that reads the answer.")

    def _judge_answer(self, request: Request, answer: Response, body: Any, at_hand: Scope) -> Published:
        found = self.error.search(at_hand) if self.error is not None else None
        if is_true(found) or answer.status not in self.expect:
            return self._refusal(request, answer, body, at_hand, found)
        remote_id = self.id.search(at_hand) if self.id is not None else None
        if self.id is not None and not _is_id(remote_id) and (self.id_needed or remote_id is not None):
            text = f"The server answered {answer.status}, but {self.id.text} finds no id in it"
            return _unread(request, answer, body, text, "Correct the expression of the id.")
        return Published(Outcome.DONE, remote_id=remote_id, status=answer.status, body=body)

    def _refusal(
        self, request: Request, answer: Response, body: Any, at_hand: Scope, found: Any
    ) -> Published:
        passes = answer.status in self.transient or (
            self.transient_when is not None and self.transient_when.holds(at_hand)
        )
        if passes:
            outcome, remedy = Outcome.TRANSIENT, "It is sent again later."
        elif answer.status >= 500:
            outcome = unknown(request)
            remedy = _LOOK if outcome is Outcome.UNCLEAR else "It is sent again later."
        else:
            outcome = Outcome.REFUSED
            remedy = f"Mend what the message names; expected is {self.expect}."
        reason = f": {_shown(found)}" if is_true(found) else said(answer)
        return Published(
            outcome,
            request.masked(f"The server answered {answer.status}{reason}"),
            remedy,
            status=answer.status,
            body=body,
            wait_seconds=retry_after_seconds(answer) if outcome is not Outcome.REFUSED else None,
        )


def _unread(request: Request, answer: Response, body: Any, text: str, remedy: str) -> Published:
    """The outcome of an answer that cannot be read: nobody knows what it says."""
    return Published(unknown(request), text, f"{remedy} {_LOOK}", status=answer.status, body=body)


def judge_failure(request: Request, error: HttpError) -> Published:
    """The outcome when no answer came."""
    if isinstance(error, Unanswered):
        outcome = unknown(request)
    elif isinstance(error, NotSent) and not isinstance(error, TlsFailed | ProxyRefused):
        outcome = Outcome.TRANSIENT
    else:
        outcome = Outcome.REFUSED
    remedy = error.remedy or (_LOOK if outcome is Outcome.UNCLEAR else "")
    return Published(outcome, request.masked(error.message), remedy)


def unknown(request: Request) -> Outcome:
    """Nobody knows whether it was carried out: that matters only for what must not be repeated."""
    return Outcome.TRANSIENT if request.may_repeat else Outcome.UNCLEAR


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _shown(found: Any) -> str:
    text = redact_text(found) if isinstance(found, str) else as_text(redact_json(masked(found)))
    return " ".join(text.split())[:_SHOWN_CHARACTERS]
