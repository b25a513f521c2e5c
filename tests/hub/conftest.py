"""Fixtures of the hub's tests: a real sandbox shop over HTTP, and records that point at it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from mageferry.http.plugins import retry
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.shop import close_shops
from mageferry.sandbox import Sandbox
from tests.hub.builders import make_connector


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """A password's hash takes half a second on purpose; most tests that sign in are about something else."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_pause_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks again at once instead of after a random while; what a shop asks for is kept."""
    monkeypatch.setattr(retry, "random", SimpleNamespace(uniform=lambda low, high: 0.0))


@pytest.fixture
def storefront() -> Iterator[Sandbox]:
    """A shop with orders of its own."""
    with Sandbox("storefront") as shop:
        yield shop
        close_shops()


@pytest.fixture
def back_office() -> Iterator[Sandbox]:
    """A merchant's shop with the store views 31 to 34, without orders."""
    with Sandbox("back-office") as shop:
        yield shop
        close_shops()


@pytest.fixture
def storefront_connector(transactional_db: None, storefront: Sandbox) -> Magento2Connector:
    return make_connector(
        storefront.url, name="Storefront", username=storefront.username, password=storefront.password
    )


@pytest.fixture
def back_office_connector(transactional_db: None, back_office: Sandbox) -> Magento2Connector:
    return make_connector(
        back_office.url, name="Back office", username=back_office.username, password=back_office.password
    )
