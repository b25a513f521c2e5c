"""What a call to a shop can end in, by what to do next.

MagentoError
├ ConfigurationError   fix the settings: endpoint, TLS, proxy; or what answers is not Magento's REST API
├ SignInError          fix user, password, token or permissions
├ Rejected             fix the data: Magento understood and said no
│ ├ NotFound             there is no such record
│ └ AlreadyExists        the unique key is taken: look the record up, it may be our own
├ Transient            wait and try again: nothing happened
└ Unclear              look in the shop first: a write was sent and nobody knows what became of it

`error_for` turns an answer, `error_from` a broken connection into one of these; both are pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from mageferry.http import HttpError, InvalidRequest, NotSent, ProxyRefused, Request, Response, TlsFailed
from mageferry.http.plugins.retry import retry_after_seconds
from mageferry.magento import remedies
from mageferry.magento.wire import Origin, WireError, normalise

RAW_BYTES: Final = 16_384
_RETRIED_TEXTS: Final = ("Deadlock found", "Lock wait timeout exceeded")


class MagentoError(Exception):
    """A call that did not work out.

    `message` is one readable text, `remedy` how to mend it, `status` and `raw` what came over the wire
    (None and empty without an answer), `request_line` method and path, `wait_seconds` when the shop named
    a time, `template` and `parameters` Magento's text before its placeholders were filled, `sent` whether
    anything was.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        status: int | None = None,
        request_line: str = "",
        wait_seconds: float | None = None,
        raw: bytes = b"",
        template: str = "",
        parameters: Mapping[str, str] | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.status = status
        self.request_line = request_line
        self.wait_seconds = wait_seconds
        self.raw = raw[:RAW_BYTES]
        self.template = template
        self.parameters: Mapping[str, str] = dict(parameters or {})
        self.sent = sent

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword arguments do not survive pickling by themselves.
        return _rebuild, (type(self), self.__dict__.copy())

    @classmethod
    def _of(cls, state: dict[str, Any]) -> Self:
        return cls(state.pop("message"), **state)


def _rebuild(kind: type[MagentoError], state: dict[str, Any]) -> MagentoError:
    return kind._of(dict(state))


class ConfigurationError(MagentoError):
    """The settings are wrong, or what answers is not a Magento REST API."""


class SignInError(MagentoError):
    """The shop does not let us in, or not to this resource."""


class Rejected(MagentoError):
    """Magento understood the request and refused this data."""


class NotFound(Rejected):
    """There is no such record."""


class AlreadyExists(Rejected):
    """A unique key is taken: `increment_id` within a store is the one that orders have."""


class Transient(MagentoError):
    """Nothing happened; the same call can be made again later."""


class Unclear(MagentoError):
    """A write was sent and its outcome is unknown: look in the shop before sending it again."""


def is_read(request: Request) -> bool:
    """Whether the request changes nothing in the shop, or nothing that sending it twice would do again."""
    return request.may_repeat


def error_for(request: Request, response: Response) -> MagentoError:
    """The error of an answer that is not a success."""
    found = normalise(response.status, response.content_type, response.content)
    kind = _kind(request, response, found)
    return kind(
        found.message,
        remedy=_remedy(kind, found, response.status),
        status=response.status,
        request_line=request.line,
        wait_seconds=retry_after_seconds(response),
        raw=response.content,
        template=found.template,
        parameters=found.parameters,
    )


def _remedy(kind: type[MagentoError], found: WireError, status: int) -> str:
    known, usual = remedies.find(found, status), remedies.DEFAULTS.get(kind.__name__, "")
    if kind is Unclear:
        return f"{usual} {known}".strip()
    return known or usual


def error_from(request: Request, failure: HttpError) -> MagentoError:
    """The error of a request that got no whole answer."""
    kind: type[MagentoError] = Transient if isinstance(failure, NotSent) or is_read(request) else Unclear
    if isinstance(failure, InvalidRequest | TlsFailed | ProxyRefused):
        kind = ConfigurationError
    remedy = failure.remedy or remedies.DEFAULTS.get(kind.__name__, "")
    if kind is Unclear:
        remedy = remedies.DEFAULTS["Unclear"]
    sent = not isinstance(failure, NotSent | InvalidRequest)
    return kind(failure.message, remedy=remedy, request_line=request.line, sent=sent)


def unreadable(request: Request, response: Response, what: str) -> MagentoError:
    """The error of a 2xx answer that is not the JSON it should be: a page, or a body that was cut off."""
    found = normalise(response.status, response.content_type, response.content)
    start = response.content[:2000].lower()
    page = b"<html" in start or b"<!doctype" in start
    kind: type[MagentoError] = Unclear
    remedy = remedies.DEFAULTS["Unclear"]
    if is_read(request):
        kind = ConfigurationError if page and found.origin is not Origin.PHP else Transient
        remedy = remedies.find(found, 200) or (remedies.NOT_MAGENTO if page else remedies.CUT_BODY)
    return kind(
        found.message if page else f"The server answered {response.status} with {what}",
        remedy=remedy,
        status=response.status,
        request_line=request.line,
        raw=response.content,
    )


def _kind(request: Request, response: Response, found: WireError) -> type[MagentoError]:
    status = response.status
    if status == 429 or status == 425 or any(text in found.message for text in _RETRIED_TEXTS):
        return Transient
    if 300 <= status < 400:
        return ConfigurationError
    if status >= 500 or status == 408:
        return _kind_of_failure(request, response, found)
    if status in (401, 407):
        return SignInError
    if found.origin is Origin.OAUTH:
        return SignInError
    return _KINDS_BY_STATUS.get(status, _kind_of_refusal)(found)


def _kind_of_failure(request: Request, response: Response, found: WireError) -> type[MagentoError]:
    """5xx: a read is asked again; a write may have happened, unless the server said that it did not begin."""
    if is_read(request):
        return Transient
    refused = response.status == 503 and (found.not_taken or retry_after_seconds(response) is not None)
    return Transient if refused else Unclear


def _kind_of_refusal(found: WireError) -> type[MagentoError]:
    if remedies.is_sign_in(found):
        return SignInError
    if remedies.is_configuration(found):
        return ConfigurationError
    return AlreadyExists if "Unique constraint violation found" in found.message else Rejected


def _kind_of_404(found: WireError) -> type[MagentoError]:
    """Magento's 404 has a message of its own; any other is another server's, or a route it does not have."""
    if found.origin is not Origin.MAGENTO or remedies.is_configuration(found):
        return ConfigurationError
    return NotFound


def _kind_of_403(found: WireError) -> type[MagentoError]:
    """Magento never answers 403 by itself: a page is a firewall's, a JSON text a module's."""
    return SignInError if found.origin is Origin.MAGENTO else ConfigurationError


_KINDS_BY_STATUS: Final = {404: _kind_of_404, 403: _kind_of_403}
