"""What a user of the API must be allowed."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.errors import HttpError


def require(request: HttpRequest, permission: str) -> None:
    """Ends the request with 403 unless its user has the permission."""
    if not request.user.has_perm(permission):
        raise HttpError(403, f"Your user lacks the permission {permission}.")
