"""magento2_connector: a connection to one Magento, how it signs in and what its flows are told."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Value

from mageferry.hub.connectors.custom_shop import problems_of
from mageferry.hub.connectors.models.choices import (
    Authentication,
    InvoiceRule,
    NumberRule,
    default_exporting_statuses,
    default_reading_statuses,
    default_status_map,
    new_callback_key,
)
from mageferry.hub.security.fields import SecretField
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import ConfigurationError
from mageferry.magento.signature import PathRule, SignatureMethod

_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")


class Magento2Connector(models.Model):
    """A connection to one Magento 2 / Adobe Commerce."""

    name = models.CharField(max_length=100, unique=True)
    active = models.BooleanField(default=False)
    endpoint = models.CharField(
        max_length=255, help_text="Address of the shop, e.g. https://shop.example (or its .../rest/V1)."
    )
    authentication = models.CharField(max_length=5, choices=Authentication, default=Authentication.TOKEN)
    username = models.CharField(
        max_length=100, blank=True, help_text="Token Based: an admin user of the shop."
    )
    password = SecretField(blank=True, default="")
    token = SecretField(blank=True, default="", editable=False)
    token_obtained_at = models.DateTimeField(null=True, blank=True, editable=False)
    token_expires_at = models.DateTimeField("token expires at", null=True, blank=True, editable=False)
    totp_secret = SecretField(
        "authenticator secret",
        blank=True,
        default="",
        help_text="Token Based with two-factor authentication: the text Magento showed below the QR code of the "
        "Google Authenticator provider.",
    )
    totp_step = models.BigIntegerField(default=-1, db_default=-1, editable=False)
    consumer_key = models.CharField(
        max_length=64, blank=True, help_text="OAuth Based: of the shop's integration."
    )
    consumer_secret = SecretField(blank=True, default="")
    access_token = SecretField(blank=True, default="")
    access_token_secret = SecretField(blank=True, default="")
    signature_method = models.CharField(
        max_length=12,
        choices=[(method.value, method.value) for method in SignatureMethod],
        default=SignatureMethod.HMAC_SHA256.value,
        db_default=SignatureMethod.HMAC_SHA256.value,
        help_text="OAuth Based: HMAC-SHA1 is for Magento before 2.4.4 only.",
    )
    path_rule = models.CharField(
        max_length=10, default=PathRule.RESERVED.value, db_default=PathRule.RESERVED.value, editable=False
    )
    callback_key = models.CharField(max_length=43, default=new_callback_key, editable=False, unique=True)
    verify_tls = models.BooleanField(
        "verify TLS", default=True, help_text="Refuse a shop whose certificate isn't trusted."
    )
    timeout_seconds = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    page_size = models.PositiveSmallIntegerField(
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Records in one request.",
    )
    concurrency = models.PositiveSmallIntegerField(
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(32)],
        help_text="Requests at the same time, over all workers.",
    )
    requests_per_interval = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Requests in one interval, over all workers. 0: as many as the shop takes.",
    )
    interval_seconds = models.PositiveIntegerField(
        default=60, db_default=60, validators=[MinValueValidator(1), MaxValueValidator(86_400)]
    )
    reading_statuses = models.JSONField(
        default=default_reading_statuses, blank=True, help_text="Get orders: Magento's statuses to read."
    )
    status_map = models.JSONField(
        default=default_status_map,
        blank=True,
        help_text="Get orders: Magento's status (or state) to the hub's.",
    )
    first_read_days = models.PositiveSmallIntegerField(
        default=90, help_text="The first run of a reading flow goes back this many days."
    )
    overlap_minutes = models.PositiveSmallIntegerField(
        default=15, help_text="Each run reads again what changed this long before the last one."
    )
    exporting_statuses = models.JSONField(
        default=default_exporting_statuses,
        blank=True,
        help_text="Export orders: the hub's statuses to export.",
    )
    number_rule = models.CharField(
        "order numbers",
        max_length=8,
        choices=NumberRule,
        default=NumberRule.PREFIX,
        help_text="A deterministic number lets Magento itself refuse a second copy of an order.",
    )
    invoice_rule = models.CharField("invoice", max_length=8, choices=InvoiceRule, default=InvoiceRule.PAID)
    exported_status = models.CharField(
        max_length=32,
        default="processing",
        help_text="Export orders: status and state of the new Magento order.",
    )
    payment_method = models.CharField(
        max_length=64, default="checkmo", help_text="Export orders: payment method of the Magento order."
    )
    shipping_method = models.CharField(
        max_length=120,
        default="flatrate_flatrate",
        help_text="Export orders: carrier_method when the order's shipping service isn't in the map.",
    )
    shipping_method_map = models.JSONField(
        default=dict, blank=True, help_text="Export orders: shipping service to carrier_method."
    )
    extension_attributes = models.JSONField(
        default=dict,
        blank=True,
        help_text="Export orders: extra extension attributes of each order, name to value.",
    )
    product_attributes = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        blank=True,
        help_text='Get products: codes of the attributes to keep, like ["color", "brand"].',
    )
    full_products_days = models.PositiveSmallIntegerField(
        default=7,
        db_default=7,
        help_text="Get products: read all of them again after this many days, since some changes (base prices, "
        "special prices) don't move a product's date. 0: never.",
    )
    without_sources_at = models.DateTimeField(
        "no sources since",
        null=True,
        blank=True,
        editable=False,
        help_text="When the shop last answered that it has no sources (Inventory Management is off): its stock items "
        "are read instead.",
    )
    courier_map = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text='Shipments: the hub\'s carrier to Magento\'s carrier_code, like {"UPS Ground": "ups"}. A carrier '
        "that isn't in the map goes as custom with its own name; read shipments go through the map backwards.",
    )
    late_track_days = models.PositiveSmallIntegerField(
        default=14,
        db_default=14,
        help_text="Get shipments: a shipment without a track is read again for this many days, since in Magento a "
        "track that comes later changes nothing else.",
    )
    number_template = models.CharField(
        max_length=100,
        blank=True,
        default="{account}-{order}",
        db_default="{account}-{order}",
        help_text="Order numbers by the template: {account} and {marketplace} are their codes, {order} is the "
        "marketplace's order id, as in {account}-{order}. Longer than 50 characters: cut, with a check sum.",
    )
    export_status_map = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="Export orders: the hub's status to Magento's, as in "
        '{"rfs": {"state": "processing", "status": "acme_open"}}.',
    )
    payment_method_map = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="Export orders: payment method of the order to Magento's. Others get the payment method above.",
    )
    operations = models.JSONField(
        "calls of its own",
        default=dict,
        db_default={},
        blank=True,
        help_text="Calls that the shop has in its own way, as in "
        '{"create_order": {"call": "POST /V1/acme/orders", "wrapper": "order"}}.',
    )
    extra_headers = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text='Headers of each request, as in {"X-Channel": "hub"}.',
    )
    secret_headers = SecretField(
        blank=True,
        default="",
        db_default="",
        help_text='Headers with secrets, never shown again, as in {"X-Gateway-Key": "..."}.',
    )
    error = models.TextField(blank=True, editable=False)
    remedy = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "magento2_connector"
        verbose_name = "Magento 2 connector"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The connector's name in the ledger."""
        return f"magento2:{self.pk}"

    def clean(self) -> None:
        problems: dict[str, str] = {}
        try:
            Endpoint.parse(self.endpoint)
            self.endpoint = self.endpoint.strip()
        except ConfigurationError as error:
            problems["endpoint"] = f"{error.message} {error.remedy}"
        if self.authentication == Authentication.TOKEN and not self.username:
            problems["username"] = "Token Based signs in with an admin user: enter its name."
        problems |= {
            name: remedy for name, remedy in _TEXT_LISTS.items() if not _is_text_list(getattr(self, name))
        }
        problems |= {
            name: remedy for name, remedy in _TEXT_MAPS.items() if not _is_text_map(getattr(self, name))
        }
        if "product_attributes" not in problems and not all(map(_CODE.match, self.product_attributes)):
            problems["product_attributes"] = "Write attribute codes: small letters, digits and _ only."
        if not isinstance(self.extension_attributes, dict):
            problems["extension_attributes"] = 'Write a map, like {"channel": "amazon"}.'
        problems |= problems_of(self)
        if problems:
            raise ValidationError(problems)


_TEXT_LISTS = {
    "reading_statuses": 'Write a list of statuses, like ["processing", "complete"].',
    "exporting_statuses": 'Write a list of statuses, like ["rfs"].',
    "product_attributes": 'Write a list of attribute codes, like ["color", "brand"].',
}
_TEXT_MAPS = {
    "status_map": 'Write a map of texts, like {"processing": "rfs"}.',
    "shipping_method_map": 'Write a map of texts, like {"Standard": "flatrate_flatrate"}.',
    "courier_map": 'Write a map of carriers to carrier codes, like {"UPS Ground": "ups"}.',
}


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, str) and entry for entry in value.values())
