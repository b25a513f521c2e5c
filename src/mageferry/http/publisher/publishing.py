"""HTTP publisher: an entity becomes a request, its answer an outcome.

    publisher = Publisher.parse({
        "request": {"path": "/orders", "body": {"number": "&{increment_id}"}},
        "answer": {"id": "entity_id"},
        "repeat": {"look_up": {
            "request": {"method": "GET", "path": "/orders", "query": {"number": "&{increment_id}"}},
            "found": "items",
        }},
    })
    published = client.run(publisher.publish(client.handle, order))

After an outcome of UNCLEAR give `after_unclear=True`: it looks before it sends anything again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from mageferry.http.descriptions import read
from mageferry.http.errors import HttpError
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.placeholders import EncodedText, Expression, Scope, TemplateError
from mageferry.http.publisher.batch import Answered, Batch, Portion
from mageferry.http.publisher.caller import Caller, unfilled
from mageferry.http.publisher.described import LookUpDescription, PublisherDescription, RepeatDescription
from mageferry.http.publisher.result import Outcome, Published
from mageferry.http.publisher.rules import AnswerRules
from mageferry.http.publisher.watching import Sent, send

_BY_HAND: Final = (
    "Look in the other system, then send it again or mark it as done. A look-up, or an idempotency key when the "
    "server takes one, lets this be settled by itself."
)


class Publisher:
    """See the module; `publish` and `publish_batch` are flows for either client."""

    def __init__(self, description: PublisherDescription, path: str = "") -> None:
        at = f"{path}." if path else ""
        self._template = description.request.build(f"{at}request")
        self._rules = description.answer.build(f"{at}answer")
        self._key = _Key.of(description.repeat, f"{at}repeat.key")
        look_up = description.repeat.look_up
        self._look_up = LookUp(look_up, self._rules, f"{at}repeat.look_up") if look_up is not None else None
        self._batch = Batch(description.batch, f"{at}batch") if description.batch is not None else None

    @classmethod
    def parse(cls, description: Any, path: str = "") -> Self:
        """From decoded JSON. Raises ConfigError with all that is wrong."""
        return cls(read(PublisherDescription, description, path), path)

    def request(self, scope: Scope) -> Request:
        """The request for this data. Raises TemplateError and InvalidRequest."""
        return self._key.put(self._template.fill(scope), scope)

    def publish(
        self, next: Next, entity: Any, scope: Scope | None = None, *, after_unclear: bool = False
    ) -> Flow[Published]:
        """Send one entity. Never raises for what the entity, the answer or the network is like."""
        at_hand = (scope or Scope()).with_data(entity)
        if after_unclear:
            looked = yield from self.look(next, at_hand)
            if looked is not None:
                return looked
        return (yield from self.send(next, at_hand))

    def send(self, next: Next, scope: Scope, before: Callable[[], object] = lambda: None) -> Flow[Published]:
        """Send it without a look; `before` is called when the request is made and about to go."""
        try:
            request = self.request(scope)
        except (TemplateError, HttpError) as error:
            return unfilled(error)
        before()
        sent = yield from send(request, next)
        return self.judge(request, sent, scope)

    def judge(self, request: Request, sent: Sent, scope: Scope) -> Published:
        """The outcome of what was sent."""
        published = replace(self._rules.judge(request, sent.answer, scope), exchange=sent.exchange)
        if published.outcome is Outcome.UNCLEAR and self._look_up is None:
            return replace(published, remedy=_BY_HAND)
        return published

    def look(self, next: Next, scope: Scope) -> Flow[Published | None]:
        """Whether an earlier attempt, of which nothing is known, has made it.

        None: it may be sent (again). Otherwise what was found, or UNCLEAR when nobody can say.
        """
        try:
            repeatable = self.request(scope).may_repeat
        except (TemplateError, HttpError) as error:
            return replace(unfilled(error), outcome=Outcome.UNCLEAR)
        if self._look_up is not None:
            return (yield from self._look_up.look(next, scope))
        if repeatable:
            return None
        return Published(Outcome.UNCLEAR, "What became of an earlier attempt is not known", _BY_HAND)

    def publish_batch(
        self, next: Next, entities: Sequence[Any], scope: Scope | None = None
    ) -> Flow[list[Published]]:
        """Send many entities, several in one request; the outcomes in the order of the entities.

        Without batch settings each goes in a request of its own. An entity that cannot be filled in fails alone.
        """
        common = scope or Scope()
        if self._batch is None:
            alone: list[Published] = []
            for entity in entities:
                alone.append((yield from self.publish(next, entity, common)))
            return alone
        outcomes: dict[int, Published] = {}
        for portion in self._batch.portions(entities, common, outcomes):
            found = yield from self._send_portion(next, self._batch, portion, common)
            outcomes.update(found)
        return [outcomes[index] for index in range(len(entities))]

    def _send_portion(
        self, next: Next, batch: Batch, portion: Portion, common: Scope
    ) -> Flow[dict[int, Published]]:
        scope = common.with_data(portion.data)
        try:
            request = self.request(scope)
        except (TemplateError, HttpError) as error:
            return dict.fromkeys(portion.indexes, unfilled(error))
        sent = yield from send(request, next)
        whole_rules = replace(self._rules, id=None, error=None) if batch.has_results else self._rules
        whole = replace(whole_rules.judge(request, sent.answer, scope), exchange=sent.exchange)
        if (
            whole.outcome is not Outcome.DONE
            or not batch.has_results
            or not isinstance(sent.answer, Response)
        ):
            return dict.fromkeys(portion.indexes, whole)
        return batch.assign(portion, whole, self._rules, Answered(request, sent.answer, scope))


@dataclass(frozen=True, slots=True)
class _Key:
    """The idempotency key, or the word that the server needs none."""

    header: str
    template: EncodedText | None
    safe: bool

    @classmethod
    def of(cls, how: RepeatDescription, path: str) -> Self:
        template = EncodedText.parse(how.key, _key_value, path) if how.key else None
        return cls(how.key_header, template, how.safe)

    def put(self, request: Request, scope: Scope) -> Request:
        if self.template is not None:
            request = request.with_header(self.header, self.template.fill(scope))
        return replace(request, repeatable=True) if self.safe or self.template is not None else request


def _key_value(value: str, kind: object) -> str:
    """Two entities with the same key would be one to the server, so nothing may be missing in it."""
    if not value:
        raise ValueError("it is empty")
    return value


class LookUp:
    """Finds what an earlier attempt has made."""

    def __init__(self, how: LookUpDescription, rules: AnswerRules, path: str) -> None:
        self._caller = Caller(how, path, rules)
        self._found = Expression.parse(how.found, f"{path}.found")
        self._id = rules.id

    def look(self, next: Next, scope: Scope) -> Flow[Published | None]:
        """What is there, None when nothing is, UNCLEAR when that cannot be said."""
        looked = yield from self._caller.call(next, scope)
        if looked.outcome is Outcome.SKIPPED:
            return None
        return self._adopted(looked, scope) if looked.outcome is Outcome.DONE else _unsaid(looked)

    def _adopted(self, looked: Published, scope: Scope) -> Published | None:
        if not isinstance(looked.body, dict | list):
            return _unsaid(replace(looked, message="The answer to the look-up is no JSON or XML"))
        try:
            found = self._found.search(scope.with_data(looked.body))
            if isinstance(found, list):
                if len(found) > 1:
                    message = f"The look-up finds {len(found)} that it could be"
                    return _unsaid(replace(looked, message=message))
                found = found[0] if found else None
            if found is None:
                return None
            remote_id = self._id.search(scope.with_data(found)) if self._id is not None else None
        except TemplateError as error:
            return _unsaid(replace(looked, message=str(error)))
        return replace(looked, body=found, remote_id=remote_id, adopted=True)


def _unsaid(looked: Published) -> Published:
    return replace(
        looked,
        outcome=Outcome.UNCLEAR,
        message=f"Whether it is there could not be seen: {looked.message}",
        remedy=looked.remedy or _BY_HAND,
    )
