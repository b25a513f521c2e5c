"""Sign-in: the token services of admins and customers."""

from __future__ import annotations

from typing import cast

import orjson

from mageferry.sandbox.access import ADMIN, CUSTOMER, Account, Identity
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import Refusal, missing
from mageferry.sandbox.resources.customers import save_customer
from mageferry.sandbox.routing import Call, route
from mageferry.sandbox.tables import CUSTOMERS
from mageferry.sandbox.twofactor import check_code, check_plain_sign_in

REFUSED = (
    "The account sign-in was incorrect or your account is disabled temporarily. "
    "Please wait and try again later."
)


def create_admin_token(call: Call) -> Value:
    """A JSON web token as a bare JSON string; 60 minutes by default."""
    account = _sign_in(call)
    check_plain_sign_in(account, call.shop.settings)
    return _admin_token(call, account)


def create_token_with_code(call: Call) -> Value:
    """A token for a user name, a password and the code of the user's authenticator."""
    account = _sign_in(call)
    check_code(account, call.text("otp"), call.shop.settings, call.shop.clock.seconds())
    return _admin_token(call, account)


def _sign_in(call: Call) -> Account:
    account = call.shop.access.sign_in(*_credentials(call))
    if account is None:
        raise Refusal(401, REFUSED)
    return account


def _admin_token(call: Call, account: Account) -> Value:
    minutes = account.token_minutes or call.shop.settings.number("webapi/jwtauth/admin_expiration")
    return call.shop.access.issue_token(Identity(account.user_id, ADMIN), minutes)


def create_customer_token(call: Call) -> Value:
    account = call.shop.access.sign_in_customer(*_credentials(call))
    if account is None:
        raise Refusal(401, REFUSED)
    _note_login(call, account.user_id)
    minutes = call.shop.settings.number("webapi/jwtauth/customer_expiration")
    return call.shop.access.issue_token(Identity(account.user_id, CUSTOMER), minutes)


def _note_login(call: Call, customer_id: int) -> None:
    """Signing in saves the customer, which moves its updated_at."""
    body = call.shop.database.body(CUSTOMERS, customer_id)
    if body is not None:
        customer = cast("Record", orjson.loads(body))
        save_customer(call.shop, {**customer, "updated_at": call.shop.clock.text()})


def _credentials(call: Call) -> tuple[str, str]:
    username, password = call.text("username"), call.text("password")
    blank = [name for name, value in (("username", username), ("password", password)) if not value.strip()]
    if blank:
        raise missing(blank)
    return username, password


_CREDENTIALS = "username:str password:str"
ROUTES = (
    route("POST", "/V1/integration/admin/token", "anonymous", create_admin_token, _CREDENTIALS),
    route("POST", "/V1/integration/customer/token", "anonymous", create_customer_token, _CREDENTIALS),
    route(
        "POST",
        "/V1/tfa/provider/google/authenticate",
        "anonymous",
        create_token_with_code,
        f"{_CREDENTIALS} otp:str",
    ),
)
