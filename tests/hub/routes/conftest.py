"""What the tests of routes share: an ERP and a shop as real servers, and routes between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mageferry.hub.pipelines.clients import close_clients
from tests.hub.routes.erp import Erp, serving_erp


@pytest.fixture
def erp(transactional_db: None) -> Iterator[Erp]:
    """A server that orders are read from and sent to."""
    with serving_erp() as server:
        yield server
        close_clients()
