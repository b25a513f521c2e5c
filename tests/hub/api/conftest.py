"""Who asks, and an ERP to route to and from."""

from __future__ import annotations

import pytest

from tests.hub.api.people import Caller, make_caller
from tests.hub.routes.conftest import erp

__all__ = ["erp"]


@pytest.fixture
def owner(transactional_db: None) -> Caller:
    """Sets up and operates routes."""
    return make_caller("owner", "routes.*", "pipelines.*", "trade.*")


@pytest.fixture
def viewer(transactional_db: None) -> Caller:
    """May look at everything, and change nothing."""
    return make_caller("viewer", "routes.view_*", "trade.view_*")


@pytest.fixture
def stranger(transactional_db: None) -> Caller:
    """Has a token and no permission."""
    return make_caller("stranger")
