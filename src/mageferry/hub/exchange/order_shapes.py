"""An order as others tell of it, and as the hub tells of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, StringConstraints, model_validator

from mageferry.hub.exchange.shapes import (
    Entity,
    JsonObject,
    Moment,
    Money,
    OrderNumber,
    Percent,
    Quantity,
    UnitTax,
    said,
)
from mageferry.hub.trade.models import OrderStatus

_STATUSES = ", ".join(OrderStatus.values)
Status = Annotated[
    Literal["incomplete", "pending", "rfs", "partially_shipped", "shipped", "cancelled"],
    BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$"), AfterValidator(str.upper)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$|^$"), AfterValidator(str.upper)]


def _lines(value: object) -> object:
    return "\n".join(map(str, value)) if isinstance(value, list) else value


class Address(Entity):
    """Where an order goes, or whom it is billed to."""

    firstname: str = said("First name.", "", max_length=255)
    lastname: str = said("Last name.", "", max_length=255)
    company: str = said("Company.", "", max_length=255)
    street: Annotated[str, BeforeValidator(_lines)] = said(
        "The lines of the street: a list, or a text with line breaks.", "", max_length=1000
    )
    city: str = said("City.", "", max_length=255)
    region: str = said("State or province.", "", max_length=255)
    region_code: str = said("Its code.", "", max_length=64)
    postcode: str = said("Post code.", "", max_length=255)
    country_id: Country = said("Country: the two letters of ISO 3166.", "")
    telephone: str = said("Telephone number.", "", max_length=255)
    email: str = said("E-mail address.", "", max_length=255)
    vat_id: str = said("VAT id.", "", max_length=255)


class OrderItem(Entity):
    """One line of an order."""

    marketplace_item_id: str = said(
        "The line's own id; it tells two lines of one SKU apart.", "", max_length=64
    )
    sku: Annotated[str, StringConstraints(min_length=1, max_length=255)] = said("SKU.")
    name: str = said("What it is called.", "", max_length=255)
    product_type: str = said("Type as Magento calls it.", "simple", max_length=32)
    bundle_sku: str = said("SKU of the bundle or configurable that it is part of.", "", max_length=255)
    seller: str = said("Name or code of the seller whose goods it is.", "", max_length=100)
    quantity: Quantity = said("How many were ordered.")
    price: Money = said("Price of one, without tax.")
    tax_amount: Money | None = said("Tax of the whole line.", None)
    unit_tax: UnitTax | None = said("Or: tax of one.", None)
    tax_percent: Percent = said("Rate of the tax in percent.", Decimal(0))
    discount_amount: Money = said("Discount of the whole line, as a positive amount.", Decimal(0))
    product_option: JsonObject = said("Chosen options, in the form of Magento's product_option.", dict)
    extension_attributes: JsonObject = said("Extra attributes to send with the item, name to value.", dict)

    @model_validator(mode="after")
    def _check_tax(self) -> Self:
        if self.tax_amount is not None and self.unit_tax is not None:
            of_line = self.unit_tax * self.quantity
            if abs(of_line - self.tax_amount) > Decimal("0.01"):
                raise ValueError(
                    f"unit_tax {self.unit_tax.normalize():f} x {self.quantity.normalize():f} isn't the tax_amount "
                    f"{self.tax_amount.normalize():f}: give one of the two"
                )
        return self

    @property
    def tax_of_one(self) -> Decimal:
        if self.unit_tax is not None:
            return self.unit_tax
        return (self.tax_amount or Decimal(0)) / self.quantity


class Payment(Entity):
    """What the buyer pays."""

    method: str = said("How, in the marketplace's words.", "", max_length=128)
    amount: Money | None = said("What is to be paid; the grand total when it is left out.", None)
    amount_paid: Money = said("What has come in.", Decimal(0))
    transaction_id: str = said("Id of the payment.", "", max_length=128)
    paid_at: Moment | None = said("When it came in.", None)


class OrderEntity(Entity):
    """An order of a marketplace. Its amounts must add up to the cent:
    subtotal + shipping + tax - discount = grand total."""

    marketplace_order_id: OrderNumber = said(
        "The order's number where it was bought. An account has it once."
    )
    status: Status = said(
        f"Where it stands: one of {_STATUSES}. It only goes forward; cancelled never reopens."
    )
    remote_status: str = said("The status in the marketplace's own word.", "", max_length=64)
    placed_at: Moment = said("When it was bought, with the time zone.")
    updated_at: Moment | None = said(
        "When it changed last where it was bought; an older one than was told before changes nothing.", None
    )
    currency: Currency = said("Currency: the three letters of ISO 4217.")
    subtotal: Money | None = said("Price x quantity of all items; added up when it is left out.", None)
    shipping_amount: Money = said("Shipping, without tax.", Decimal(0))
    tax_amount: Money | None = said("All tax, that of shipping too; the items' when it is left out.", None)
    discount_amount: Money | None = said("All discount, positive; the items' when it is left out.", None)
    grand_total: Money = said("What the buyer pays in all.")
    customer_email: str = said("E-mail address of the buyer.", "", max_length=255)
    customer_firstname: str = said("First name of the buyer.", "", max_length=255)
    customer_lastname: str = said("Last name of the buyer.", "", max_length=255)
    shipping_service: str = said("The shipping service that the buyer chose.", "", max_length=120)
    shipping_description: str = said("The same in words.", "", max_length=255)
    items: list[OrderItem] = said("The lines, in their order.", min_length=1, max_length=1000)
    billing_address: Address | None = said("Whom it is billed to.", None)
    shipping_address: Address | None = said("Where it goes.", None)
    payment: Payment | None = said("What the buyer pays.", None)

    @model_validator(mode="after")
    def _check_item_ids(self) -> Self:
        seen: dict[str, int] = {}
        for index, item in enumerate(self.items):
            if item.marketplace_item_id and item.marketplace_item_id in seen:
                raise ValueError(
                    f"items[{index}].marketplace_item_id {item.marketplace_item_id!r} is that of "
                    f"items[{seen[item.marketplace_item_id]}] too"
                )
            seen[item.marketplace_item_id] = index
        return self


class OrderStatusEntity(Entity):
    """That an order got further, or was cancelled."""

    marketplace_order_id: OrderNumber = said("The order's number where it was bought.")
    status: Status = said(f"Where it stands now: one of {_STATUSES}. It only goes forward.", "cancelled")
    remote_status: str = said("The status in the marketplace's own word.", "", max_length=64)
    updated_at: Moment | None = said("When that was; older than what is known changes nothing.", None)
    reason: str = said("Why, for the order's history.", "", max_length=500)
