"""What the tests of HTTP clients share: clients of one test are closed before the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from mageferry.hub.pipelines.clients import close_clients


@pytest.fixture(autouse=True)
def closed_clients() -> Iterator[None]:
    yield
    close_clients()


@pytest.fixture
def admin_client(db: None) -> Client:
    """The browser of somebody who may do everything; signed in without the slow check of a password."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client
