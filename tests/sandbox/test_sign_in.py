"""Admin tokens and permissions: who gets in, and how everyone else is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client


REFUSED = {
    "message": "The account sign-in was incorrect or your account is disabled temporarily. "
    "Please wait and try again later."
}
NOT_ALLOWED = {
    "message": "The consumer isn't authorized to access %resources.",
    "parameters": {"resources": "Magento_Sales::actions_view"},
}
ORDERS = "/rest/V1/orders?searchCriteria[pageSize]=1"


def claims_of(token: str) -> dict[str, int]:
    part = token.split(".")[1]
    claims: dict[str, int] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_token_is_a_json_string_that_lasts_an_hour(shop: Client) -> None:
    reply = shop.sign_in(shop.sandbox.username, shop.sandbox.password)
    assert reply.status == 200
    assert reply.body.startswith(b'"eyJ')
    claims = claims_of(reply.json)
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["uid"], claims["utypid"]) == (1, 2)


def test_token_lifetime_follows_the_setting(shop: Client) -> None:
    shop.sandbox.control.set_setting("webapi/jwtauth/admin_expiration", "5")
    claims = claims_of(shop.sign_in(shop.sandbox.username, shop.sandbox.password).json)
    assert claims["exp"] - claims["iat"] == 300


def test_wrong_password_unknown_and_inactive_user_look_the_same(shop: Client) -> None:
    shop.sandbox.control.add_account("resting", "secret-1", active=False)
    attempts = [("admin", "wrong"), ("nobody", "wrong"), ("resting", "secret-1")]
    for username, password in attempts:
        reply = shop.sign_in(username, password)
        assert (reply.status, reply.json) == (401, REFUSED)


def test_six_failures_lock_even_the_right_password(shop: Client) -> None:
    shop.sandbox.control.add_account("clerk", "secret-1")
    for _ in range(6):
        assert shop.sign_in("clerk", "wrong").status == 401
    assert shop.sign_in("clerk", "secret-1").status == 401
    shop.sandbox.control.set_clock(datetime.now(UTC) + timedelta(minutes=31))
    assert shop.sign_in("clerk", "secret-1").status == 200


def test_missing_credentials_are_named(shop: Client) -> None:
    both = shop.send("POST", "/rest/V1/integration/admin/token", {}, token="")
    assert both.status == 400
    assert both.json["message"] == "One or more input exceptions have occurred."
    assert [fault["parameters"]["fieldName"] for fault in both.json["errors"]] == ["username", "password"]
    one = shop.send("POST", "/rest/V1/integration/admin/token", {"username": "admin"}, token="")
    assert one.json["parameters"] == {"fieldName": "password"}


def test_bearer_scheme_may_be_lower_case_but_not_padded(shop: Client) -> None:
    accepted = {"Authorization": f"bearer {shop.token}"}
    assert shop.send("GET", ORDERS, headers=accepted).status == 200
    for header in (f"Bearer  {shop.token}", shop.token, f'Bearer "{shop.token}"', "Basic YTpi"):
        reply = shop.send("GET", ORDERS, headers={"Authorization": header})
        assert (reply.status, reply.json) == (401, NOT_ALLOWED)


def test_tampered_and_expired_tokens_are_refused_alike(shop: Client) -> None:
    head, _, tail = shop.token.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**claims_of(shop.token), "uid": 2}).encode()).decode()
    assert shop.send("GET", ORDERS, token=f"{head}.{forged.rstrip('=')}.{tail}").json == NOT_ALLOWED
    shop.sandbox.control.set_clock(datetime.now(UTC) + timedelta(minutes=61))
    assert shop.get(ORDERS).json == NOT_ALLOWED


def test_revocation_ends_tokens_of_the_same_second(shop: Client) -> None:
    shop.sandbox.control.revoke_tokens(shop.sandbox.username)
    assert shop.get(ORDERS).status == 401
    shop.sandbox.control.set_clock(datetime.now(UTC) + timedelta(seconds=2))
    renewed = shop.sign_in(shop.sandbox.username, shop.sandbox.password).json
    assert shop.send("GET", ORDERS, token=renewed).status == 200


def test_role_without_the_permission_gets_a_401_that_names_it(shop: Client) -> None:
    shop.sandbox.control.add_account(
        "viewer", "secret-1", resources=frozenset({"Magento_Sales::actions_view"})
    )
    viewer = shop.sign_in("viewer", "secret-1").json
    assert shop.send("GET", ORDERS, token=viewer).status == 200
    refused = shop.send("GET", "/rest/V1/products?searchCriteria[pageSize]=1", token=viewer)
    assert refused.status == 401
    assert refused.json["parameters"] == {"resources": "Magento_Catalog::products"}


def test_a_customer_who_signs_in_is_saved(shop: Client) -> None:
    customer = shop.post(
        "/rest/V1/customers", {"customer": {"email": "ina@example.com", "firstname": "I", "lastname": "N"}}
    )
    control = shop.sandbox.control
    control.add_customer_login("ina@example.com", "Meadow-77-pw")
    control.set_clock(datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC))

    sent = {"username": "ina@example.com", "password": "Meadow-77-pw"}
    token = shop.send("POST", "/rest/V1/integration/customer/token", sent, token="").json

    own = shop.send("GET", "/rest/V1/customers/me", token=token).json
    assert (own["id"], own["updated_at"]) == (customer.json["id"], "2031-02-03 04:05:06")
