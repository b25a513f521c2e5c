"""Who looks at the pages: an admin, an operator who may do everything with routes, and a stranger who may nothing."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.test import Client


def operator() -> Client:
    """Signed in, with all rights on what belongs to routes, and on nothing else."""
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="routes"))
    client = Client()
    client.force_login(user)
    return client


def viewer() -> Client:
    """Signed in, and may only look."""
    user = User.objects.create_user("viewer", is_staff=True)
    rights = Permission.objects.filter(content_type__app_label="routes", codename__startswith="view_")
    user.user_permissions.set(rights)
    client = Client()
    client.force_login(user)
    return client


def stranger() -> Client:
    """Signed in, without any right."""
    client = Client()
    client.force_login(User.objects.create_user("stranger", is_staff=True))
    return client
