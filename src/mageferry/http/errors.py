"""What can go wrong between us and a server, by what to do next.

HttpError
├ InvalidRequest     the request itself cannot be sent (address, header): fix it
│ └ AddressRefused     the address is one that may not be asked: fix it, or the policy
├ SignInRefused      the sign-in was refused, or its answer has no token: fix credentials or configuration
├ UnexpectedStatus   the server answered with a status that is not expected: look at the answer
├ NotSent            nothing reached the server: repeat freely, whatever the method
│ ├ SignInFailed       the sign-in did not work out this time: wait
│ ├ HostUnknown        the name does not resolve: fix the address, or wait for DNS
│ ├ TlsFailed          certificate or handshake: fix the configuration
│ ├ ProxyRefused       the proxy said no: fix the configuration
│ └ Unreachable        refused, no route, connect time-out, no free connection: wait
└ Unanswered         sent, whole or in part, and no whole answer came: look before repeating a write
  ├ TimedOut           the answer did not come in time
  ├ ConnectionLost     reset or closed, before or within the answer
  └ UnreadableBody     its compression is broken
    └ BodyTooLarge       larger than allowed: ask for less at a time, or raise the limit
"""

from __future__ import annotations


class HttpError(Exception):
    """Anything that kept us from a whole answer. `message` says what, `remedy` how to mend it."""

    def __init__(self, message: str, *, remedy: str = "", request_line: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.request_line = request_line


class InvalidRequest(HttpError):
    """The request cannot be formed or sent; nothing left this machine."""


class AddressRefused(InvalidRequest):
    """The address is in a range that may not be asked, such as this machine's own network."""


class SignInRefused(HttpError):
    """The credentials are refused, or the sign-in's answer has no token where it should be."""


class UnexpectedStatus(HttpError):
    """The server answered, but not with a status that is expected. `status` and `content` are the answer's."""

    def __init__(
        self, message: str, *, status: int, content: bytes = b"", remedy: str = "", request_line: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy, request_line=request_line)
        self.status = status
        self.content = content


class NotSent(HttpError):
    """Nothing of the request reached the server."""


class SignInFailed(NotSent):
    """The server for signing in did not answer, or was overloaded: the request itself was not sent."""


class HostUnknown(NotSent):
    """The host name does not resolve."""


class TlsFailed(NotSent):
    """No TLS connection: certificate refused, or the port does not speak TLS."""


class ProxyRefused(NotSent):
    """The proxy did not open the way."""


class Unreachable(NotSent):
    """No connection: refused, no route, time-out while connecting, or no free connection in the pool."""


class Unanswered(HttpError):
    """The request was sent, whole or in part, and no whole answer came back."""


class TimedOut(Unanswered):
    """The answer did not come in time."""


class ConnectionLost(Unanswered):
    """The connection broke before the answer was complete."""


class UnreadableBody(Unanswered):
    """The answer began, but its body is larger than allowed or cannot be decompressed."""


class BodyTooLarge(UnreadableBody):
    """The body is larger than `limit_bytes`, and was not read to its end."""

    def __init__(self, limit_bytes: int, *, remedy: str = "", request_line: str = "") -> None:
        text = f"The answer is larger than {limit_bytes:,} bytes and was not read to its end"
        super().__init__(text, remedy=remedy, request_line=request_line)
        self.limit_bytes = limit_bytes
