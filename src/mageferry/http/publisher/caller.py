"""A request that only reads: asked as often as needed, its answer told apart from nothing being there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mageferry.http.errors import HttpError
from mageferry.http.flow import Flow, Next
from mageferry.http.placeholders import Scope, TemplateError
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.publisher.described import CallDescription
from mageferry.http.publisher.result import Outcome, Published
from mageferry.http.publisher.rules import AnswerRules
from mageferry.http.publisher.watching import send


class Caller:
    """See CallDescription."""

    def __init__(self, how: CallDescription, path: str, rules: AnswerRules | None = None) -> None:
        self._template = how.request.build(f"{path}.request")
        self._nothing = StatusRanges.parse(how.nothing)
        expect = StatusRanges.parse(how.expect)
        transient = StatusRanges.parse("408, 425, 429")
        self._rules = replace(rules, expect=expect, id=None) if rules else AnswerRules(expect, transient)

    def call(self, next: Next, scope: Scope) -> Flow[Published]:
        """DONE with the body, SKIPPED when nothing is there, else REFUSED or TRANSIENT. Never raises."""
        try:
            request = replace(self._template.fill(scope), repeatable=True)
        except (TemplateError, HttpError) as error:
            return unfilled(error)
        sent = yield from send(request, next)
        status: Any = getattr(sent.answer, "status", None)
        if status in self._nothing:
            return Published(Outcome.SKIPPED, status=status, exchange=sent.exchange)
        return replace(self._rules.judge(request, sent.answer, scope), exchange=sent.exchange)


def unfilled(error: TemplateError | HttpError) -> Published:
    """The outcome for an entity that no request can be made of; nothing was sent."""
    text = str(error) if isinstance(error, TemplateError) else error.message
    return Published(Outcome.REFUSED, text, error.remedy)
