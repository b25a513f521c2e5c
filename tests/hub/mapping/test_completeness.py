"""What an order lacks is named in full before anything is sent."""

from typing import Any

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.mapping.completeness import missing_of
from mageferry.hub.trade.models import AddressKind, Order, OrderAddress, OrderItem, OrderPayment

ROW = Magento2Seller(connector=Magento2Connector(), store_id=32)


def an_address(kind: AddressKind, **changes: str) -> OrderAddress:
    values = {
        "firstname": "Ruth", "lastname": "Grady", "street": "1 Quay", "city": "Dayton", "postcode": "45402",
        "country_id": "US", "telephone": "555 0123",
    }  # fmt: skip
    return OrderAddress(kind=kind, **{**values, **changes})


def an_order(*addresses: OrderAddress) -> Any:
    order: Any = Order(pk=1, customer_email="ruth@example.com")
    order._prefetched_objects_cache = {
        "items": [OrderItem(sku="A")],
        "addresses": list(addresses),
        "payments": [OrderPayment(payment_type="payment")],
    }
    return order


def test_each_field_that_magento_requires_is_named_for_both_addresses():
    billing = an_address(AddressKind.BILLING, lastname=" ", city="")
    shipping = an_address(AddressKind.SHIPPING, street="\n", country_id="", telephone="")
    assert missing_of(an_order(billing, shipping), ROW) == [
        "the billing last name is missing",
        "the billing city is missing",
        "the shipping street is missing",
        "the shipping country is missing",
        "the shipping telephone number is missing",
    ]


def test_one_address_stands_in_for_the_other_and_is_named_once():
    assert missing_of(an_order(an_address(AddressKind.SHIPPING)), ROW) == []
    (problem,) = missing_of(an_order(an_address(AddressKind.SHIPPING, postcode="")), ROW)
    assert "post code (where a country has none, enter -) is missing" in problem


def test_an_order_without_any_address_names_it():
    assert missing_of(an_order(), ROW) == ["the billing address is missing"]
