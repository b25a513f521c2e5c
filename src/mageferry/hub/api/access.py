"""Who may use the REST API, and for what."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer, SessionAuth

from mageferry.hub.security.models import ApiToken

MAY_READ = "trade.view_order"
MAY_SEE_GOODS = "trade.view_product"
MAY_ACT = "connectors.change_magento2connector"
MAY_REFUND = "trade.add_orderrefund"


class TokenAuthentication(HttpBearer):
    """`Authorization: Bearer mf_...` with an API token."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = ApiToken.find(token)
        if found is None:
            return None
        request.user = found.user
        return found.user


class StaffSession(SessionAuth):
    """The browser session of somebody who may use the pages."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated and request.user.is_staff else None


def require(request: HttpRequest, permission: str) -> None:
    """Raises HttpError (403) when the user lacks the permission."""
    if not request.user.has_perm(permission):
        raise HttpError(403, f"Your user lacks the permission {permission}.")
