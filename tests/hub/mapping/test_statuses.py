import pytest

from mageferry.hub.mapping.statuses import advance
from mageferry.hub.trade.models import OrderStatus


@pytest.mark.parametrize(
    ("stored", "incoming", "kept"),
    [
        ("pending", "rfs", "rfs"), ("rfs", "pending", "rfs"), ("shipped", "partially_shipped", "shipped"),
        ("cancelled", "rfs", "cancelled"), ("rfs", "cancelled", "cancelled"), ("incomplete", "shipped", "shipped"),
    ],
)  # fmt: skip
def test_a_status_only_goes_forward(stored: str, incoming: str, kept: str):
    assert advance(stored, incoming) == kept


@pytest.mark.parametrize("status", OrderStatus.values)
def test_the_same_status_stays(status: str):
    assert advance(status, status) == status
