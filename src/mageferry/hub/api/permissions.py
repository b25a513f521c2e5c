"""Who may do what through the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.errors import HttpError

MAY_READ = "trade.view_order"
MAY_SEE_GOODS = "trade.view_product"
MAY_ACT = "connectors.change_magento2connector"


def require(request: HttpRequest, permission: str) -> None:
    """Raises HttpError (403) when the user lacks a permission."""
    if not request.user.has_perm(permission):
        raise HttpError(403, f"Your user lacks the permission {permission}.")
