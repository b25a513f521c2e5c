"""Rows that are written in bulk are what the ORM itself would have written."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mageferry.hub.trade.models import Order, OrderHistory, OrderPayment
from mageferry.hub.work.bulk import Table, json_text
from mageferry.hub.work.models import Mark
from tests.hub.builders import make_account, make_order

pytestmark = pytest.mark.django_db
WINTER_IN_VIENNA = dt.datetime(2026, 11, 2, 9, 30, 0, 125, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def test_moments_and_money_read_back_as_they_were() -> None:
    order = make_order(make_account())
    table = Table(
        OrderPayment, "id", "order", "payment_type", "method", "amount", "amount_paid", "shipping_amount", "currency",
        "transaction_id", "paid_at",
    )  # fmt: skip
    ids = table.reserve_ids(2)
    same = [order.pk] * 2, ["payment"] * 2, ["card"] * 2, [Decimal("12.3400"), Decimal("0E-8")]
    table.insert(
        ids, *same, [Decimal(0)] * 2, [Decimal(0)] * 2, ["EUR"] * 2, [""] * 2, [WINTER_IN_VIENNA, None]
    )

    first, second = OrderPayment.objects.filter(pk__in=ids).order_by("pk")
    assert (first.amount, first.paid_at) == (Decimal("12.34"), WINTER_IN_VIENNA)
    assert (second.amount, second.paid_at) == (0, None)


def test_a_moment_is_found_by_the_moment_that_was_written() -> None:
    order = make_order(make_account())
    table = Table(
        OrderHistory, "order", "at", "flow", "connector", "target_store", "outcome", "ids", "message"
    )
    table.insert_rows([(order.pk, WINTER_IN_VIENNA, "x", "", "", "done", json_text({"entity_id": 7}), "")])

    (entry,) = OrderHistory.objects.filter(at=WINTER_IN_VIENNA.astimezone(dt.UTC))
    assert entry.ids == {"entity_id": 7}


def test_reserved_ids_follow_the_ones_in_use() -> None:
    order = make_order(make_account())
    ids = Table(Order, "id").reserve_ids(3)
    assert len(set(ids)) == 3
    assert min(ids) > order.pk


def test_no_rows_are_no_statement() -> None:
    with CaptureQueriesContext(connection) as queries:
        Table(OrderHistory, "order", "at").insert_rows([])
        assert Table(OrderHistory, "order").reserve_ids(0) == []
    assert len(queries) == 0


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Table(OrderHistory, "order", "flow").insert([1, 2], ["x"])


def test_of_rows_that_something_unique_stands_against_only_the_others_are_written() -> None:
    table = Table(Mark, "scope", "flow", "value", "updated_at")
    rows = [(f"row:{number}", "x", WINTER_IN_VIENNA, WINTER_IN_VIENNA) for number in range(600)]
    assert len(table.insert_new(rows[:300], "pk")) == 300
    written = table.insert_new(rows, "scope", "flow")
    assert sorted(written) == sorted((scope, flow) for scope, flow, *_ in rows[300:])
    assert Mark.objects.filter(value=WINTER_IN_VIENNA).count() == 600
    assert table.insert_new([], "pk") == []
