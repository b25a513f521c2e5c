"""Carriers through the courier map, there and back."""

import pytest

from mageferry.hub.mapping.carriers import carrier_for, code_for

MAP = {"UPS Ground": "ups", "UPS Air": "ups", "Hermes": "hermes_de"}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("ups ground",), "ups"),
        (("", "Unheard of", " Hermes "), "hermes_de"),
        (("hermes_de",), "hermes_de"),
        (("dhl",), "dhl"),
        (("DHL Paket",), "custom"),
        ((), "custom"),
    ],
)
def test_to_magento(names: tuple[str, ...], code: str):
    assert code_for(names, MAP) == code


@pytest.mark.parametrize(
    ("code", "title", "carrier"),
    [
        ("hermes_de", "Hermes Germany", "Hermes"),
        ("ups", "UPS Air", "UPS Air"),
        ("ups", "United Parcel", "UPS Ground"),
        ("custom", "Postman Pat", "Postman Pat"),
        ("fedex", "", "fedex"),
    ],
)
def test_from_magento(code: str, title: str, carrier: str):
    assert carrier_for(code, title, MAP) == carrier
