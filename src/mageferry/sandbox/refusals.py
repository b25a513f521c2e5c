"""What the shop answers when it refuses: a status, a message with placeholders, and the parameters to
fill them.

    Refusal                an answer with a JSON error body
      (built by)           not_found, missing, unsupported, wrong_type, unauthorized, masked
    Crash                  an answer that left Magento's JSON path: text/plain or an HTML page

Texts are Magento 2.4.7's own: clients match on them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from mageferry.sandbox.php import Value, is_array, to_string


@dataclass(frozen=True, slots=True)
class Fault:
    """One message of an error body; parameters are a list for ``%1`` and an object for ``%name``."""

    message: str
    parameters: dict[str, Value] | list[Value] | None = None

    def body(self) -> dict[str, Value]:
        shown: dict[str, Value] = {"message": self.message}
        if self.parameters:
            shown["parameters"] = self.parameters
        return shown

    def text(self) -> str:
        """The message with its placeholders filled, as Magento's Phrase renders it."""
        filled = self.message
        if isinstance(self.parameters, dict):
            for name in sorted(self.parameters, key=len, reverse=True):
                filled = filled.replace(f"%{name}", to_string(self.parameters[name]))
        for index, value in enumerate(self.parameters if isinstance(self.parameters, list) else ()):
            filled = filled.replace(f"%{index + 1}", to_string(value))
        return filled


class Refusal(Exception):
    """An error answer: ``status`` and one message, or several under ``errors``."""

    def __init__(
        self,
        status: int,
        message: str,
        parameters: dict[str, Value] | list[Value] | None = None,
        errors: Sequence[Fault] = (),
    ) -> None:
        self.status = status
        self.fault = Fault(message, parameters)
        self.errors = tuple(errors)
        super().__init__(self.fault.text())

    def body(self) -> dict[str, Value]:
        shown = self.fault.body()
        if self.errors:
            shown["errors"] = [fault.body() for fault in self.errors]
        return shown


class Crash(Exception):
    """An uncaught PHP error: the answer is not JSON, whatever the request accepts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


NO_ROUTE = "Request does not match any route."
NOT_PROCESSED = "Specified request cannot be processed."
NO_ENTITY = "The entity that was requested doesn't exist. Verify the entity and try again."
NO_SUCH_ENTITY = "No such entity with %fieldName = %fieldValue"
REQUIRED = '"%fieldName" is required. Enter and try again.'
UNSUPPORTED = '"%fieldName" is not supported. Correct the field name and try again.'
WRONG_TYPE = 'The "%value" value\'s type is invalid. The "%type" type was expected. Verify and try again.'


def not_found(message: str = NO_ENTITY) -> Refusal:
    return Refusal(404, message)


def no_such_entity(field: str, value: Value) -> Refusal:
    return Refusal(404, NO_SUCH_ENTITY, {"fieldName": field, "fieldValue": value})


def missing(names: Sequence[str]) -> Refusal:
    """Required arguments that were not sent; several at once become an ``errors`` list."""
    faults = [Fault(REQUIRED, {"fieldName": name}) for name in names]
    if len(faults) == 1:
        return Refusal(400, REQUIRED, faults[0].parameters)
    return Refusal(400, "One or more input exceptions have occurred.", errors=faults)


def unsupported(field: str) -> Refusal:
    return Refusal(400, UNSUPPORTED, {"fieldName": field})


def wrong_type(value: Value, expected: str) -> str:
    """The text of a failed cast (Magento renders it before it reaches the answer)."""
    shown = "array" if is_array(value) else to_string(value)
    return Fault(WRONG_TYPE, {"value": shown, "type": expected}).text()


def unauthorized(resource: str) -> Refusal:
    """No token, a bad one, an expired one and a role without the permission all look the same."""
    return Refusal(401, "The consumer isn't authorized to access %resources.", {"resources": resource})


def masked() -> Refusal:
    """An exception Magento hides, such as a failed SQL statement."""
    report = f"webapi-{secrets.token_hex(7)[:13]}"
    return Refusal(500, f"Internal Error. Details are available in Magento log file. Report ID: {report}")
