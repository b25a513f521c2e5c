"""The first start: tables and the first sign-in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from mageferry.http.redaction import Secret

FIRST_USER = "admin"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Name and password of the user made at the first start."""

    username: str
    password: Secret


def migrate_database() -> int:
    """Bring the tables up to date; returns how many migrations were applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    return len(plan)


def ensure_sign_in() -> SignIn | None:
    """Make the first user with a random password, to be shown once; None when there are users already."""
    users = get_user_model()
    if users.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    users.objects.create_superuser(FIRST_USER, "", password)
    return SignIn(FIRST_USER, Secret(password))
