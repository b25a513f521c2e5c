"""Signing in when the shop wants a second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mageferry.sandbox.twofactor import one_time_code

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Reply

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""``12345678901234567890`` in base32, the secret of RFC 6238's test vectors."""


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")]
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert one_time_code(SECRET, seconds // 30) == code


def with_code(client: Client, code: str, password: str = "") -> Reply:
    sandbox = client.sandbox
    sent = {"username": sandbox.username, "password": password or sandbox.password, "otp": code}
    return client.send("POST", "/rest/V1/tfa/provider/google/authenticate", sent, token="")


def test_a_password_alone_is_not_enough(shop: Client) -> None:
    sandbox = shop.sandbox
    control = sandbox.control
    control.set_setting("sandbox/twofactor/enabled", "1")
    assert shop.sign_in(sandbox.username, "wrong").status == 401
    none = shop.sign_in(sandbox.username, sandbox.password)
    assert none.json["message"].startswith("Please ask an administrator")
    control.set_setting("twofactorauth/general/force_providers", "google")
    forced = shop.sign_in(sandbox.username, sandbox.password)
    assert forced.json["parameters"] == {"providers": ["google"], "active_providers": []}
    assert with_code(shop, "000000").json == {"message": "Provider is not configured."}
    control.add_account(sandbox.username, sandbox.password, totp_secret=SECRET)
    active = shop.sign_in(sandbox.username, sandbox.password)
    assert (active.status, active.json["parameters"]) == (400, {"active_providers": ["google"]})


def test_a_code_gives_a_token(shop: Client) -> None:
    sandbox = shop.sandbox
    control = sandbox.control
    control.set_setting("sandbox/twofactor/enabled", "1")
    control.set_setting("twofactorauth/general/force_providers", "google")
    control.add_account(sandbox.username, sandbox.password, totp_secret=SECRET)
    shop.post("/_sandbox/clock", {"now": "2033-05-18T03:33:20Z"})
    wrong = with_code(shop, "000000")
    assert (wrong.status, wrong.json) == (401, {"message": "Invalid code."})
    assert with_code(shop, "279037", "wrong").status == 401
    good = with_code(shop, "279037")
    assert good.status == 200
    assert shop.send("GET", "/rest/V1/store/websites", token=good.json).status == 200


def test_a_secret_that_is_not_base32_is_refused(shop: Client) -> None:
    sent = {"username": "a", "password": "b", "totp_secret": "not base32!"}
    reply = shop.post("/_sandbox/accounts", sent)
    assert (reply.status, reply.json) == (
        400,
        {"error": "the secret of an authenticator must be base32 text"},
    )
