"""Settings of a connector for a custom shop: what a person can enter, what is refused and with which words."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from mageferry.hub.connectors.custom_shop import exported_state, headers_of
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.mapping.order_out import increment_id_for
from mageferry.hub.trade.models import Account, Marketplace
from tests.hub.builders import make_account, make_connector, make_export_row, make_order
from tests.hub.connectors.test_connector_page import ADD, BASE, CHANGE

CANARY = "canary-7714"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"operations": "[1]"}, "Write a map, like"),
        ({"operations": '{"make_coffee": "POST /V1/coffee"}'}, "no operation &#x27;make_coffee&#x27;"),
        ({"operations": '{"create_order": "GET /V1/acme/orders"}'}, "POST or PUT"),
        ({"operations": '{"create_order": "POST https://elsewhere.example/V1/x"}'}, "the path from /V1/"),
        ({"operations": '{"ship_order": "POST /V1/acme/ship"}'}, "needs {id}"),
        ({"extra_headers": '{"Authorization": "Bearer x"}'}, "is set by the hub itself"),
        ({"extra_headers": '{"X-A": "a\\nX-B: b"}'}, "characters that no header may have"),
        ({"extra_headers": '{"X-Api-Key": "k"}'}, "write it into the secret headers"),
        ({"secret_headers": f"X-Key: {CANARY}"}, "Write a map of texts"),
        ({"export_status_map": '{"posted": "x"}'}, "is no status of the hub"),
        ({"export_status_map": '{"rfs": {"state": "packed"}}'}, "is no state of Magento"),
        ({"payment_method_map": '{"card": 1}'}, "Write a map of texts"),
        ({"number_rule": "template", "number_template": "{order}"}, "with {account} or {marketplace}"),
        ({"number_rule": "template", "number_template": "{account}-{customer}"}, "no {customer} to fill in"),
        ({"number_rule": "template", "number_template": "{account}\u20ac{order}"}, "Only letters"),
        ({"number_rule": "template", "number_template": ""}, "Each order needs a number of its own"),
    ],
)
def test_bad_settings_are_refused_with_words(admin_client: Client, changes: dict[str, str], words: str):
    page = admin_client.post(reverse(ADD), {**BASE, **changes})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert CANARY not in page.content.decode()
    assert not Magento2Connector.objects.exists()


@pytest.mark.django_db
def test_everything_left_empty_is_the_standard(admin_client: Client):
    empty = {"operations": "", "extra_headers": "", "export_status_map": "", "payment_method_map": ""}
    assert admin_client.post(reverse(ADD), {**BASE, **empty}).status_code == 302
    connector = Magento2Connector.objects.get()
    assert (connector.operations, connector.extra_headers, headers_of(connector)) == ({}, {}, {})


@pytest.mark.django_db
def test_secret_headers_are_kept_and_never_shown(admin_client: Client):
    connector = make_connector(secret_headers=f'{{"X-Key": "{CANARY}"}}', extra_headers={"X-Open": "hub"})
    page = admin_client.get(reverse(CHANGE, args=(connector.pk,))).content.decode()
    assert CANARY not in page
    admin_client.post(reverse(CHANGE, args=(connector.pk,)), {**BASE, "extra_headers": '{"X-Open": "hub"}'})
    connector.refresh_from_db()
    headers = headers_of(connector)
    assert headers["X-Open"] == "hub"
    assert CANARY not in repr(headers)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, ("processing", "processing")),
        ({"rfs": "acme_open"}, ("processing", "acme_open")),
        ({"rfs": {"state": "new", "status": "acme_open"}}, ("new", "acme_open")),
        ({"shipped": "acme_done"}, ("processing", "processing")),
    ],
)
def test_an_exported_order_gets_the_state_and_status_of_the_map(entry: Any, expected: tuple[str, str]):
    connector = Magento2Connector(export_status_map=entry)
    assert exported_state(connector, "rfs", ("processing", "processing")) == expected


@pytest.mark.django_db
def test_numbers_by_the_template_are_the_same_each_time_and_fit():
    row = make_export_row(
        make_connector(number_rule="template", number_template="{marketplace}/{account}-{order}/x"),
        make_account(),
    )
    order = make_order(row.account, marketplace_order_id="114-1")
    assert increment_id_for(order, row) == "amz/AMZ-114-1/x"
    long, other = (make_order(row.account, marketplace_order_id="9" * 60 + tail) for tail in "ab")
    numbers = {increment_id_for(each, row) or "" for each in (long, long, other)}
    assert len(numbers) == 2
    assert {len(number) for number in numbers} == {50}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("template", "codes", "fine"),
    [
        ("{account}-{order}", ("EB", "EBDE"), True),
        ("{account}{order}", ("EB", "EBDE"), False),
        ("{account}-{order}", ("EB", "EB-1"), False),
        ("{marketplace}-{order}", ("EB", "AB"), False),
    ],
)
def test_two_accounts_of_a_store_must_not_get_the_same_number(
    template: str, codes: tuple[str, str], fine: bool
):
    connector = make_connector(number_rule="template", number_template=template)
    market = Marketplace.objects.create(name="eBay", code="ebay")
    for code in codes:
        make_export_row(
            connector, Account.objects.create(name=f"eBay {code}", code=code, marketplace=market), store_id=7
        )
    if fine:
        connector.full_clean()
        return
    with pytest.raises(ValidationError, match="could get the same number in store 7"):
        connector.full_clean()
