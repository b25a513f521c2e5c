"""Transformers that bring in values from elsewhere: a storage, or a request."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from mageferry.http.config.fields import CODE_OF, Text, needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.flow import Flow
from mageferry.http.json_text import json_copy
from mageferry.http.placeholders import as_text
from mageferry.http.publisher.caller import Caller
from mageferry.http.publisher.described import CallDescription
from mageferry.http.publisher.result import Outcome
from mageferry.http.redaction import Secret
from mageferry.http.transformers.described import Place, TargetText, TransformerDescription
from mageferry.http.transformers.errors import TransformError
from mageferry.http.transformers.running import Each, Run, Step
from mageferry.http.transformers.targets import Target


class NotThere(StrEnum):
    """What to do when nothing is found."""

    FAIL = "fail"
    SKIP = "skip"
    DEFAULT = "default"


class LookUpInStorage(TransformerDescription):
    type_name = "look_up"
    title = "Look up in a storage"
    storage: str = needed("Storage", min_length=1, json_schema_extra={CODE_OF: "storage"})
    key: Text = needed("Key", "Template: &{sku}.", min_length=1)
    target: TargetText = needed("Target", "Where the value is put.")
    not_there: NotThere = option(NotThere.FAIL, "When not there")
    default: Any = option(None, "Default")

    def build(self, place: Place) -> Step:
        target, key_template = Target.parse(self.target), place.template(self.key, "key")

        def change(entity: Any, run: Run) -> Any:
            key = key_template.fill(run.scope(entity))
            value = self._value(key.reveal() if isinstance(key, Secret) else as_text(key), run, place)
            if value is not None:
                return place.put(entity, target, json_copy(value))
            if self.not_there is NotThere.FAIL:
                raise TransformError(
                    f"The storage {self.storage} has nothing under its key",
                    path=place.at("key"),
                    remedy="Fill the storage first, or choose what to do when nothing is there.",
                )
            if self.not_there is NotThere.SKIP:
                return entity
            return place.put(entity, target, json_copy(self.default))

        return place.each(change)

    def _value(self, key: str, run: Run, place: Place) -> Any:
        try:
            return run.ports.storage.get(self.storage, key)
        except LookupError as error:
            raise _unknown(error, place.at("storage")) from None


class CallHttp(TransformerDescription):
    type_name = "call"
    title = "Call HTTP"
    client: str = needed("HTTP client", min_length=1, json_schema_extra={CODE_OF: "http_client"})
    call: CallDescription = needed("Call", "It must only read: it is made again when the entity is.")
    result: ExpressionText = option("", "Result", "JMESPath over the answer's body; empty: all of it.")
    target: TargetText = needed("Target", "Where the result is put.")
    not_there: NotThere = option(NotThere.FAIL, "When not there", "No result, or one of the statuses for it.")
    default: Any = option(None, "Default")

    def build(self, place: Place) -> Step:
        target, result = Target.parse(self.target), place.expression(self.result, "result")
        caller = Caller(self.call, place.at("call"))

        def change(entity: Any, run: Run) -> Flow[list[Any]]:
            scope = run.scope(entity)
            try:
                next = run.ports.client(self.client)
            except LookupError as error:
                raise _unknown(error, place.at("client")) from None
            called = yield from caller.call(next, scope)
            if called.outcome is Outcome.SKIPPED:
                return [self._without(entity, target, place)]
            if called.outcome is not Outcome.DONE:
                raise TransformError(
                    called.message,
                    path=place.at("call"),
                    remedy=called.remedy,
                    transient=called.outcome is Outcome.TRANSIENT,
                )
            value = called.body if result is None else result.search(scope.with_data(called.body))
            if value is None:
                return [self._without(entity, target, place)]
            return [place.put(entity, target, json_copy(value))]

        return Each(place.path, change)

    def _without(self, entity: Any, target: Target, place: Place) -> Any:
        if self.not_there is NotThere.FAIL:
            raise TransformError(
                "The call finds nothing",
                path=place.at("call"),
                remedy="Correct the call, or choose what to do when nothing is there.",
            )
        if self.not_there is NotThere.SKIP:
            return entity
        return place.put(entity, target, json_copy(self.default))


def _unknown(error: LookupError, path: str) -> TransformError:
    text = str(error.args[0]) if error.args else "it is not there"
    return TransformError(text[:1].upper() + text[1:], path=path, remedy="Correct the name, or set it up.")
