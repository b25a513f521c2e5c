"""Many rows changed by one statement, each to values of its own."""

import pytest

from mageferry.hub.trade.models import Order
from mageferry.hub.work.cases import Each, can_merge, change_rows, merge_changes
from mageferry.hub.work.clock import Now
from tests.hub.builders import make_account, make_order

pytestmark = pytest.mark.django_db


def test_each_row_gets_its_own_value_and_all_the_common_one() -> None:
    account = make_account()
    first, second, other = (make_order(account, marketplace_order_id=f"M-{number}") for number in range(3))
    change_rows(
        Order, [first.pk, second.pk], {"connector_id": Each({first.pk: 7, second.pk: 8}), "error": "x"}
    )
    rows = {row.pk: (row.connector_id, row.error) for row in Order.objects.all()}
    assert rows == {first.pk: (7, "x"), second.pk: (8, "x"), other.pk: (None, "")}


def test_what_is_to_be_filled_stays_where_something_is() -> None:
    account = make_account()
    empty, filled = (make_order(account, marketplace_order_id=f"M-{number}") for number in range(2))
    Order.objects.filter(pk=filled.pk).update(connector_id=1)
    change_rows(
        Order,
        [empty.pk, filled.pk],
        {"connector_id": Each({empty.pk: 7, filled.pk: 8})},
        fill=("connector_id",),
    )
    assert dict(Order.objects.values_list("pk", "connector_id")) == {empty.pk: 7, filled.pk: 1}


def test_no_rows_are_no_statement() -> None:
    change_rows(Order, [], {"error": "x"})
    assert not Order.objects.filter(error="x").exists()


def test_changes_merge_where_the_database_computes_the_same() -> None:
    now = Now()
    one, other = {"a": 1, "at": now}, {"a": 2, "at": now}
    assert can_merge(one, other)
    assert merge_changes([(5, one), (6, other)]) == {"a": Each({5: 1, 6: 2}), "at": now}
    assert not can_merge(one, {"a": 1, "at": None})
    assert not can_merge({"a": 1, "at": None}, one)
    assert not can_merge(one, {"a": 1})
