"""Several entities in one request: making the portions, and giving each entity its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mageferry.http.descriptions import expression
from mageferry.http.message import Request, Response
from mageferry.http.placeholders import Expression, Scope, Template, TemplateError, as_text
from mageferry.http.publisher.described import BatchDescription
from mageferry.http.publisher.result import Outcome, Published
from mageferry.http.publisher.rules import AnswerRules, unknown

_LOOK: Final = "Look in the other system which of them are there."


@dataclass(frozen=True, slots=True)
class Portion:
    """What goes in one request: `indexes` are the places of its entities among all."""

    indexes: tuple[int, ...]
    entities: tuple[Any, ...]
    items: tuple[Any, ...]

    @property
    def data(self) -> dict[str, Any]:
        """What the request is filled from."""
        return {"items": list(self.items), "entities": list(self.entities), "count": len(self.items)}


class Batch:
    """See BatchDescription."""

    def __init__(self, how: BatchDescription, path: str) -> None:
        self._how = how
        self._item = Template.parse(how.item, f"{path}.item")
        self._results = expression(how.results, f"{path}.results")
        self._entity_key = expression(how.entity_key, f"{path}.entity_key")
        self._result_key = expression(how.result_key, f"{path}.result_key")

    @property
    def has_results(self) -> bool:
        """Whether an answer tells of each entity."""
        return self._results is not None

    def portions(
        self, entities: Sequence[Any], scope: Scope, failed: dict[int, Published]
    ) -> Iterator[Portion]:
        """The entities in portions; those that cannot be filled in are put into `failed`."""
        ready: list[tuple[int, Any, Any]] = []
        for index, entity in enumerate(entities):
            try:
                ready.append((index, entity, self._item.fill(scope.with_data(entity))))
            except TemplateError as error:
                failed[index] = Published(Outcome.REFUSED, str(error), error.remedy)
            if len(ready) == self._how.size:
                yield Portion(*zip(*ready, strict=True))
                ready = []
        if ready:
            yield Portion(*zip(*ready, strict=True))

    def assign(
        self, portion: Portion, whole: Published, rules: AnswerRules, sent: Answered
    ) -> dict[int, Published]:
        """The outcome of each entity, from the answer to all. It is unclear where results cannot be told apart."""
        try:
            results = self._results.search(sent.scope.with_data(whole.body)) if self._results else None
            if not isinstance(results, list):
                raise _Unassigned("The answer has no list of results")
            told, untold = self._pairs(portion, results, sent.scope)
        except (TemplateError, _Unassigned) as error:
            unclear = replace(whole, outcome=unknown(sent.request), message=str(error), remedy=_LOOK)
            return dict.fromkeys(portion.indexes, unclear)
        unclear = replace(
            whole,
            outcome=unknown(sent.request),
            message="The answer has no result that is surely this entity's",
            remedy=_LOOK,
        )
        outcomes = dict.fromkeys(portion.indexes, unclear)
        if self._how.unmentioned_are_done:
            outcomes |= dict.fromkeys(untold, whole)
        for index, result in told.items():
            judged = rules.judge_body(sent.request, sent.response, result, sent.scope)
            outcomes[index] = replace(judged, exchange=whole.exchange)
        return outcomes

    def _pairs(self, portion: Portion, results: list[Any], scope: Scope) -> tuple[dict[int, Any], list[int]]:
        """The result of each entity that has one, and the entities that no result is about."""
        if self._entity_key is None or self._result_key is None:
            if len(results) != len(portion.indexes):
                raise _Unassigned(
                    f"The answer has {len(results)} results for {len(portion.indexes)} entities"
                )
            return dict(zip(portion.indexes, results, strict=True)), []
        entities = zip(portion.indexes, portion.entities, strict=True)
        indexes, _ = _keyed(self._entity_key, entities, scope)
        found, shared = _keyed(self._result_key, ((result, result) for result in results), scope)
        told = {index: found[key] for key, index in indexes.items() if key in found}
        return told, [index for key, index in indexes.items() if key not in found and key not in shared]


def _keyed(
    expression: Expression, pairs: Iterable[tuple[Any, Any]], scope: Scope
) -> tuple[dict[str, Any], set[str]]:
    """By their keys, without those that share one: nobody can say whose it is. And the keys that are shared."""
    found: dict[str, Any] = {}
    shared: set[str] = set()
    for kept, source in pairs:
        value = expression.search(scope.with_data(source))
        if value is None:
            continue
        key = as_text(value)
        if key in found:
            shared.add(key)
        found[key] = kept
    return {key: kept for key, kept in found.items() if key not in shared}, shared


@dataclass(frozen=True, slots=True)
class Answered:
    """A request, its answer, and what it was filled from."""

    request: Request
    response: Response
    scope: Scope


class _Unassigned(Exception):
    """The results cannot be told apart."""
