"""Being refused: Magento says the same when a token does not count and when its owner lacks the permission."""

from __future__ import annotations

from typing import Final

from mageferry.http import Request, Response
from mageferry.magento.errors import SignInError
from mageferry.magento.wire import WireError, normalise

NOT_AUTHORIZED: Final = "The consumer isn't authorized to access"


def refusal_of(response: Response) -> WireError | None:
    """What Magento says when the token does not count or its owner lacks the permission; else None."""
    if response.status != 401:
        return None
    found = normalise(response.status, response.content_type, response.content)
    return found if (found.template or found.message).startswith(NOT_AUTHORIZED) else None


def refused(request: Request, response: Response, found: WireError, remedy: str) -> SignInError:
    """The error of a refusal, naming the permission."""
    resource = found.parameters.get("resources", "")
    return SignInError(
        found.message,
        remedy=f"Missing permission {resource}? {remedy}" if resource else remedy,
        status=response.status,
        request_line=request.line,
        raw=response.content,
        template=found.template,
        parameters=found.parameters,
    )
