"""Orders that a marketplace tells of: taken over once, changed as far as they may."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from mageferry.hub.exchange import Kept, Outcome, RefusedEntity, UnknownSubject, plan_entity, store_entity
from mageferry.hub.trade.models import Account, HistoryOutcome, Order, OrderItem
from tests.hub.builders import make_account, make_seller
from tests.hub.exchange.entities import item_entity, order_entity

pytestmark = pytest.mark.django_db


MUG = order_entity()["items"][1]


@pytest.fixture
def account() -> Account:
    return make_account()


def tell(account: Account, **changes: Any) -> Kept:
    return store_entity("order", order_entity(**changes), account)


def in_magento(order: Order) -> None:
    order.items.update(magento_exported=True, connector_id=15)
    Order.objects.filter(pk=order.pk).update(connector_id=15)


def test_an_order_is_taken_over_whole(account: Account):
    kept = tell(account)
    assert (kept.outcome, kept.subject) == (Outcome.CREATED, "Order MP-1001 of Amazon USA")
    order = Order.objects.get(pk=kept.pk)
    assert (order.subtotal, order.tax_amount, order.discount_amount, order.grand_total) == (
        Decimal("38.48"), Decimal("3.17"), Decimal("1"), Decimal("45.60"),
    )  # fmt: skip
    assert (order.status, order.currency) == ("rfs", "USD")
    assert order.placed_at == dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
    lamp, mug = order.items.all()
    assert (lamp.position, lamp.sku, lamp.quantity, lamp.unit_tax) == (1, "LAMP-1", 2, Decimal("1.235"))
    assert (mug.row_total, mug.marketplace_item_id) == (Decimal("8.5"), "L2")
    assert {address.kind: (address.firstname, address.country_id) for address in order.addresses.all()} == {
        "billing": ("Noor", "US"), "shipping": ("Ilse", "US"),
    }  # fmt: skip
    paid = order.payments.get()
    assert (paid.amount, paid.amount_paid, paid.transaction_id) == (Decimal("45.6"), Decimal("45.6"), "PAY-7")
    assert order.history.get().message == "Taken over, status Ready For Shipping."


def test_planning_writes_nothing_and_says_what_would_come_of_it(account: Account):
    plan = plan_entity("order", order_entity(), account)
    assert plan.outcome == Outcome.CREATED
    assert not Order.objects.exists()
    assert plan.apply().outcome == Outcome.CREATED
    # Applied again, as after a lost answer, it finds what it made.
    assert plan.apply().outcome == Outcome.UNCHANGED
    assert plan_entity("order", order_entity(), account).outcome == Outcome.UNCHANGED


def test_the_same_order_again_changes_nothing(account: Account):
    first = tell(account)
    before = Order.objects.get().updated_at
    assert tell(account) == Kept(Outcome.UNCHANGED, first.subject, first.pk)
    assert Order.objects.get().updated_at == before
    assert OrderItem.objects.count() == 2
    other = make_account("Walmart", "WMT")
    assert tell(other).outcome == Outcome.CREATED, "Another account may use the same number."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"items": [item_entity(), MUG | {"quantity": 0}]}, "items[1].quantity must be greater than 0, not 0"),
        ({"items": [item_entity(price="12,50")]}, "items[0].price must be a number, such as 12.50, not '12,50'"),
        ({"items": [item_entity(price=True)]}, "items[0].price must be a number, not yes or no"),
        ({"items": [item_entity(price=-1)]}, "items[0].price must be greater than or equal to 0, not -1"),
        ({"items": [item_entity(colour="red")]}, "items[0].colour isn't a field"),
        ({"items": [item_entity(), item_entity()]}, "items[1].marketplace_item_id 'L1' is that of items[0] too"),
        ({"items": []}, "items is empty"),
        ({"items": [item_entity(unit_tax=2)]}, "unit_tax 2 x 2 isn't the tax_amount 2.47"),
        ({"grand_total": "NaN"}, "grand_total must be a number with at most 16 digits"),
        ({"grand_total": "1e999999"}, "grand_total must be a number with at most 16 digits"),
        ({"currency": "dollars"}, "currency doesn't have the right form, not 'dollars'"),
        ({"placed_at": "2026-11-20T08:00:00"}, "placed_at needs a time zone, such as"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at must be from 1970 to 9998"),
        ({"status": "sent"}, "status must be 'incomplete', 'pending', 'rfs'"),
        ({"customer_lastname": "Ho\x00lt"}, "customer_lastname holds a NUL character"),
        ({"marketplace_order_id": " "}, "marketplace_order_id is empty"),
        ({"currency": None}, "currency is missing"),
        ({"billing_address": {"city": ["Mesa"]}}, "billing_address.city must be a valid string"),
        ({"buyer": "Noor"}, "buyer isn't a field (there are marketplace_order_id, "),
        ({"items": [item_entity(product_option={"a": "\x00"})]}, "items[0].product_option must be at most"),
        ({"items": [item_entity(seller="Nobody")]}, "items[0].seller: the hub has no sellers 'Nobody'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(account: Account, changes: dict[str, Any], words: str):
    with pytest.raises(RefusedEntity) as refused:
        tell(account, **changes)
    assert words in refused.value.reason
    assert refused.value.remedy
    assert not Order.objects.exists()


def test_amounts_that_do_not_add_up_are_refused_with_the_sums(account: Account):
    with pytest.raises(RefusedEntity) as refused:
        tell(account, grand_total="45.61", subtotal="40")
    assert "its items add up to 38.48, its subtotal is 40.00" in refused.value.reason
    assert "its grand total is 45.61" in refused.value.reason


def test_tax_of_shipping_is_what_the_items_leave(account: Account):
    tell(account, tax_amount="3.58", grand_total="46.01")
    assert Order.objects.get().tax_amount == Decimal("3.58")


def test_a_seller_is_found_by_name_or_code(account: Account):
    seller = make_seller("Larkfield")
    items = [item_entity(seller="larkfield", discount_amount=0)]
    tell(account, items=items, grand_total="37.40")
    assert OrderItem.objects.get().seller == seller


@pytest.mark.parametrize(("first", "then", "kept"), [
    ("pending", "rfs", "rfs"), ("rfs", "pending", "rfs"), ("shipped", "rfs", "shipped"),
    ("cancelled", "rfs", "cancelled"), ("shipped", "cancelled", "cancelled"),
])  # fmt: skip
def test_a_status_only_goes_forward(account: Account, first: str, then: str, kept: str):
    tell(account, status=first)
    tell(account, status=then)
    assert Order.objects.get().status == kept


def test_what_is_older_than_what_is_known_changes_nothing(account: Account):
    tell(account, status="pending", updated_at="2026-11-20T12:00:00Z")
    assert tell(account, updated_at="2026-11-20T11:59:59Z").outcome == Outcome.UNCHANGED
    assert Order.objects.get().status == "pending"
    assert tell(account, updated_at="2026-11-20T12:00:01Z").outcome == Outcome.UPDATED


def test_a_pending_order_is_completed_as_the_marketplace_learns_more(account: Account):
    tell(account, status="pending", customer_email=None, billing_address=None, shipping_address=None,
         items=[item_entity()], grand_total="36.40", payment=None)  # fmt: skip
    mug, lamp = (
        item_entity(
            marketplace_item_id="L2",
            sku="MUG-1",
            quantity=1,
            price="8.50",
            tax_amount="0.70",
            discount_amount=0,
        ),
        item_entity(),
    )
    assert tell(account, items=[mug, lamp]).outcome == Outcome.UPDATED
    order = Order.objects.get()
    assert (order.status, order.grand_total, order.customer_email) == (
        "rfs",
        Decimal("45.6"),
        "noor@example.com",
    )
    assert list(order.items.values_list("position", "sku")) == [(1, "MUG-1"), (2, "LAMP-1")]
    assert order.addresses.count() == 2
    assert order.payments.get().amount == Decimal("45.6")
    assert "item MUG-1 added" in order.history.first().message


def test_a_line_that_a_pending_order_loses_is_removed(account: Account):
    tell(account, status="pending")
    tell(account, status="pending", items=[item_entity()], grand_total="36.40")
    assert OrderItem.objects.get().sku == "LAMP-1"
    with pytest.raises(RefusedEntity, match="don't add up"):
        tell(account, status="pending", items=[item_entity(quantity=1)], grand_total="36.40")


def test_items_of_an_order_that_is_ready_stay_and_it_is_said_once(account: Account):
    tell(account)
    for _ in range(2):
        kept = tell(account, items=[item_entity(quantity=3)], grand_total="51.39")
        assert kept.outcome == Outcome.UNCHANGED
    order = Order.objects.get()
    assert order.items.count() == 2
    note = order.history.get(outcome=HistoryOutcome.SKIPPED)
    assert "LAMP-1 quantity" in note.message
    assert "item MUG-1 removed" in note.message


def test_an_address_is_corrected_until_the_order_is_in_magento(account: Account):
    tell(account)
    corrected = {**order_entity()["billing_address"], "telephone": "555 9999", "company": ""}
    assert tell(account, billing_address=corrected).outcome == Outcome.UPDATED
    order = Order.objects.get()
    in_magento(order)
    assert tell(account, billing_address={**corrected, "city": "Tempe"}).outcome == Outcome.UNCHANGED
    billing = order.addresses.get(kind="billing")
    assert (billing.telephone, billing.city) == ("555 9999", "Mesa")
    assert "billing city" in order.history.filter(outcome=HistoryOutcome.SKIPPED).get().message


def test_what_is_left_out_or_emptied_later_stays(account: Account):
    tell(account)
    kept = tell(account, customer_email="", billing_address=None, shipping_address={"city": ""}, payment=None)
    assert kept.outcome == Outcome.UNCHANGED
    assert Order.objects.get().customer_email == "noor@example.com"


def test_money_that_comes_in_later_is_noted_also_when_the_order_is_in_magento(account: Account):
    tell(account, payment={"method": "card"})
    order = Order.objects.get()
    in_magento(order)
    assert tell(account, payment={"method": "card", "amount_paid": "45.60"}).outcome == Outcome.UPDATED
    assert order.payments.get().amount_paid == Decimal("45.6")


def test_a_cancelled_order_keeps_its_amounts(account: Account):
    tell(account)
    emptied = {
        "items": [item_entity(price=0, tax_amount=0, discount_amount=0)],
        "grand_total": 0,
        "shipping_amount": 0,
    }
    assert tell(account, status="cancelled", **emptied).outcome == Outcome.UPDATED
    order = Order.objects.get()
    assert (order.status, order.grand_total) == ("cancelled", Decimal("45.6"))


def test_cancelling_what_is_in_magento_asks_for_a_person(account: Account):
    order = Order.objects.get(pk=tell(account).pk)
    in_magento(order)
    entity = {"marketplace_order_id": "MP-1001", "reason": "Buyer changed their mind"}
    assert store_entity("order_status", entity, account).outcome == Outcome.UPDATED
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert order.error == "It was cancelled after it went to Magento (Buyer changed their mind)."
    assert store_entity("order_status", entity, account).outcome == Outcome.UNCHANGED


def test_a_status_of_an_unknown_order_waits_for_it(account: Account):
    with pytest.raises(UnknownSubject, match="has no order MP-9") as unknown:
        plan_entity("order_status", {"marketplace_order_id": "MP-9"}, account)
    assert unknown.value.what == "order"


def test_a_bundle_is_worth_what_its_components_are(account: Account):
    bundle = item_entity(
        marketplace_item_id="B",
        sku="SET",
        product_type="bundle",
        quantity=1,
        price=20,
        tax_amount=0,
        discount_amount=0,
    )
    part = item_entity(
        marketplace_item_id="P",
        sku="PART",
        bundle_sku="SET",
        quantity=2,
        price=0,
        tax_amount=0,
        discount_amount=0,
    )
    tell(account, items=[bundle, part], grand_total="24.95")
    assert Order.objects.get().subtotal == 20


def test_an_unknown_kind_and_a_missing_account_are_told(account: Account):
    with pytest.raises(LookupError, match="The kinds are order, order_status, shipment"):
        plan_entity("invoice", {}, account)
    with pytest.raises(RefusedEntity, match="belongs to an account"):
        plan_entity("order", order_entity(), None)
    with pytest.raises(RefusedEntity, match="An entity is an object, not a list"):
        plan_entity("order", [order_entity()], account)
