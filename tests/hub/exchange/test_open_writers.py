"""A writer that takes its time holds the settled moment back: on PostgreSQL, as SQLite's writers take turns."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction

from mageferry.hub.exchange.settling import SETTLE_SECONDS, settled_at
from mageferry.hub.trade.models import Product
from mageferry.hub.work.clock import database_now

LAG = dt.timedelta(seconds=SETTLE_SECONDS)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_still_open_holds_it_back():
    began, wrote, may_end = [], threading.Event(), threading.Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                began.append(database_now())
                Product.objects.create(sku="LATE")
                wrote.set()
                may_end.wait(30)
        finally:
            connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert wrote.wait(30)
    first = settled_at()
    second = settled_at()
    may_end.set()
    writer.join()
    assert first == second <= began[0] - LAG
    assert settled_at() > second
