"""Signing in to the API as a program does."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User

from mageferry.hub.security.models import ApiToken


def token_of(*permissions: str, active: bool = True) -> dict[str, str]:
    """The header of a program whose user has these permissions."""
    user = User.objects.create_user("program", is_active=active)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    _, secret = ApiToken.issue(user.pk, "tests")
    return {"authorization": f"Bearer {secret.reveal()}"}
