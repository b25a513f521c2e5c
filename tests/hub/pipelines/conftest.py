"""What the tests of HTTP clients share: clients of one test are closed before the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mageferry.hub.pipelines.clients import close_clients


@pytest.fixture(autouse=True)
def closed_clients() -> Iterator[None]:
    yield
    close_clients()
