"""Up to when every change is in the database for good."""

import datetime as dt

import pytest

from mageferry.hub.exchange.settling import SETTLE_SECONDS, settled_at
from mageferry.hub.work.clock import database_now

LAG = dt.timedelta(seconds=SETTLE_SECONDS)


@pytest.mark.django_db
def test_what_is_older_than_a_writer_may_take_is_settled():
    before = database_now()
    assert before - LAG <= settled_at() <= database_now() - LAG
