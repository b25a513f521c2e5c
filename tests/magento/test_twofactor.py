from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import orjson
import pytest

from mageferry.http import Sleep, run
from mageferry.magento import AdminToken, ConfigurationError, Magento, MemoryCodeLog, SignInError, Totp

# The key of RFC 6238, appendix B, in base32; its SHA1 codes are known, here cut to 6 digits.
KEY = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
CODES = {59: "287082", 1111111109: "081804", 1234567890: "005924"}


def at(seconds: float) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(seconds, UTC)


def code_and_waits(totp: Totp) -> tuple[str, list[float]]:
    waits: list[float] = []
    code = run(totp.code(), lambda request: pytest.fail(f"{request} was sent"), waits.append)
    return code.reveal(), waits


@pytest.mark.parametrize(("seconds", "code"), CODES.items())
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_and_waits(Totp(KEY, clock=at(seconds))) == (code, [])


def test_an_address_of_a_qr_code_is_taken_as_well() -> None:
    address = f"otpauth://totp/shop:admin?secret={KEY.replace(' ', '')}&issuer=shop&digits=8"
    assert code_and_waits(Totp(address, clock=at(59)))[0] == "94287082"


def test_a_code_is_used_once_and_the_next_sign_in_waits_for_the_next() -> None:
    totp = Totp(KEY, clock=at(59))
    codes = [code_and_waits(totp) for _ in range(3)]
    assert len({code for code, _ in codes}) == 3
    assert [waits for _, waits in codes] == [[], [1.0], [31.0]]


def test_users_of_one_log_share_no_code() -> None:
    log = MemoryCodeLog()
    first, second = (code_and_waits(Totp(KEY, log=log, clock=at(59)))[0] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "secret", ["", "12345678", "GEZDGNBV", "otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ", "ü" * 16]
)
def test_what_is_no_secret_of_an_authenticator_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="authenticator") as caught:
        Totp(secret)
    assert not secret or secret not in f"{caught.value!r}{caught.value.remedy}"
    assert KEY not in repr(Totp(KEY))


class TwoFactorShop:
    def __init__(self, tfa: httpx2.Response) -> None:
        self.tfa = tfa
        self.sign_ins: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/rest")
        if request.method == "GET":
            return httpx2.Response(200, json={"token": request.headers["authorization"]})
        self.sign_ins.append((path, orjson.loads(request.content)))
        return self.tfa if "tfa" in path else httpx2.Response(200, json="plain-token")


def connect(shop: TwoFactorShop, seconds: float = 59) -> Magento:
    auth = AdminToken("admin", "Pa55", second_factor=Totp(KEY, clock=at(seconds)))
    return Magento("https://shop.example", auth, transport=httpx2.MockTransport(shop), sleep=lambda _: None)


def test_the_code_goes_with_name_and_password_to_the_providers_own_path() -> None:
    shop = TwoFactorShop(httpx2.Response(200, json="tfa-token"))
    assert connect(shop).get("/V1/orders/1") == {"token": "Bearer tfa-token"}
    body = {"username": "admin", "password": "Pa55", "otp": "287082"}
    assert shop.sign_ins == [("/V1/tfa/provider/google/authenticate", body)]


def test_a_shop_without_two_factor_authentication_is_signed_in_to_as_usual() -> None:
    shop = TwoFactorShop(httpx2.Response(404, json={"message": "Request does not match any route."}))
    assert connect(shop).get("/V1/orders/1") == {"token": "Bearer plain-token"}
    assert shop.sign_ins[1] == ("/V1/integration/admin/token", {"username": "admin", "password": "Pa55"})


def test_a_refused_code_is_explained() -> None:
    shop = TwoFactorShop(httpx2.Response(401, json={"message": "Invalid code."}))
    with pytest.raises(SignInError, match="Invalid code") as caught:
        connect(shop).get("/V1/orders/1")
    assert "clocks" in caught.value.remedy


def test_a_provider_that_wants_a_person_is_told_apart() -> None:
    text = "Please use the 2fa provider-specific endpoints to obtain a token."
    body = {"message": text, "parameters": {"active_providers": ["duo_security"]}}
    auth = AdminToken("admin", "Pa55")
    transport = httpx2.MockTransport(lambda _: httpx2.Response(400, json=body))
    with pytest.raises(SignInError) as caught:
        Magento("https://shop.example", auth, transport=transport).get("/V1/orders/1")
    assert "wants a person" in caught.value.remedy


def test_waiting_for_a_code_is_a_pause_that_any_driver_can_take() -> None:
    flow = Totp(KEY, clock=at(45)).code()
    with pytest.raises(StopIteration):
        next(flow)
    totp = Totp(KEY, clock=at(45))
    code_and_waits(totp)
    assert next(totp.code()) == Sleep(15.0)


def test_a_token_that_ran_out_takes_a_new_code() -> None:
    shop = TwoFactorShop(httpx2.Response(200, json="tfa-token"))
    now = [datetime.fromtimestamp(59, UTC)]
    auth = AdminToken("admin", "x", second_factor=Totp(KEY, clock=lambda: now[0]), clock=lambda: now[0])
    client = Magento("https://shop.example", auth, transport=httpx2.MockTransport(shop))
    client.get("/V1/orders/1")
    now[0] += timedelta(hours=5)
    client.get("/V1/orders/1")
    first, second = (body["otp"] for _, body in shop.sign_ins)
    assert first != second
