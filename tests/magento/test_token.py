import base64
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import orjson
import pytest

from mageferry.http.authentication.tokens import lifetime_seconds
from mageferry.magento import (
    AdminToken,
    Backoff,
    BearerToken,
    ConfigurationError,
    Magento,
    MemoryVault,
    Rejected,
    Secret,
    SignInError,
    Token,
    Transient,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REFUSED = {
    "message": "The consumer isn't authorized to access %resources.",
    "parameters": {"resources": "Magento_Sales::actions_view"},
}
WRONG = {
    "message": "The account sign-in was incorrect or your account is disabled temporarily. "
    "Please wait and try again later."
}


def jwt(**claims: Any) -> str:
    parts = [
        base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()
        for part in ({"alg": "HS256"}, claims)
    ]
    return f"{parts[0]}.{parts[1]}.c2lnbmF0dXJl"


class SignInShop:
    """A shop that issues tokens one after the other and answers orders to the accepted ones."""

    def __init__(self) -> None:
        self.sign_ins = 0
        self.calls = 0
        self.accepts = lambda token: True
        self.refusal: httpx2.Response | None = None
        self.issue = lambda number: f"token-{number}"
        self.bodies: list[Any] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/rest/V1/integration/admin/token":
            self.sign_ins += 1
            self.bodies.append(orjson.loads(request.content))
            return self.refusal or httpx2.Response(200, json=self.issue(self.sign_ins))
        self.calls += 1
        token = request.headers["authorization"].removeprefix("Bearer ")
        if not self.accepts(token):
            return httpx2.Response(401, json=REFUSED)
        return httpx2.Response(200, json={"entity_id": 1, "token": token})


def connect(
    server: SignInShop, auth: AdminToken, sleeps: list[float] | None = None, **options: Any
) -> Magento:
    return Magento(
        "https://shop.example/rest/all/V1",
        auth,
        transport=httpx2.MockTransport(server),
        sleep=([] if sleeps is None else sleeps).append,
        **options,
    )


def test_the_token_is_asked_for_once_and_sent_with_every_call() -> None:
    server = SignInShop()
    shop = connect(server, AdminToken("admin", "Pa55 & wörd"))
    assert shop.get("/V1/orders/1") == shop.get("/V1/orders/1") == {"entity_id": 1, "token": "token-1"}
    assert server.sign_ins == 1
    assert server.bodies == [{"username": "admin", "password": "Pa55 & wörd"}]


def test_a_token_is_renewed_before_it_runs_out_by_our_own_clock() -> None:
    server = SignInShop()
    far_off = 4_000_000_000  # the shop's clock is decades ahead, which must not matter
    server.issue = lambda number: jwt(uid=number, iat=far_off, exp=far_off + 3600)
    now = [NOW]
    shop = connect(server, AdminToken("admin", "x", clock=lambda: now[0]))
    shop.get("/V1/orders/1")
    now[0] = NOW + timedelta(seconds=3600 - 61)
    shop.get("/V1/orders/1")
    assert server.sign_ins == 1
    now[0] = NOW + timedelta(seconds=3600 - 59)
    shop.get("/V1/orders/1")
    assert server.sign_ins == 2


def test_an_opaque_token_holds_as_long_as_assumed() -> None:
    vault = MemoryVault()
    auth = AdminToken("admin", "x", vault=vault, clock=lambda: NOW, assumed_lifetime_seconds=7200)
    connect(SignInShop(), auth).get("/V1/orders/1")
    assert vault.load() == Token(Secret("token-1"), NOW, NOW + timedelta(hours=2))


@pytest.mark.parametrize(
    ("token", "life"),
    [
        (jwt(iat=100, exp=3700), 3600),
        (jwt(exp=NOW.timestamp() + 60), 60),
        (jwt(iat=100), None),
        (jwt(iat=200, exp=100), None),
        (jwt(iat="a", exp=True), None),
        ("opaque", None),
        ("a.b.c", None),
        ("eyJ.é.c", None),
    ],
)
def test_the_lifetime_is_read_from_the_token(token: str, life: float | None) -> None:
    assert lifetime_seconds(token, NOW) == life


def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    server = SignInShop()
    server.accepts = lambda token: token != "token-1"
    shop = connect(server, AdminToken("admin", "x"))
    assert shop.post("/V1/order/1/ship", {}) == {"entity_id": 1, "token": "token-2"}
    assert (server.sign_ins, server.calls) == (2, 2)


def test_a_missing_permission_is_told_from_an_expired_token_and_remembered() -> None:
    server = SignInShop()
    server.accepts = lambda token: False
    shop = connect(server, AdminToken("admin", "x"))
    with pytest.raises(SignInError) as caught:
        shop.get("/V1/orders/1")
    assert str(caught.value) == "The consumer isn't authorized to access Magento_Sales::actions_view."
    assert "Magento_Sales::actions_view" in caught.value.remedy
    assert "User Roles" in caught.value.remedy
    with pytest.raises(SignInError):
        shop.get("/V1/orders/1")
    assert server.sign_ins == 2  # not again for a token that was new when it was refused


def test_a_second_passes_before_a_refused_token_is_renewed() -> None:
    # Magento refuses a token that was issued within the second of a revocation.
    server = SignInShop()
    sleeps: list[float] = []
    server.accepts = lambda token: token != "token-1"
    assert connect(server, AdminToken("admin", "x"), sleeps).get("/V1/orders/1")
    assert (server.sign_ins, sleeps) == (2, [1.1])


def test_wrong_and_locked_sound_the_same_and_the_user_is_not_locked_by_asking() -> None:
    server = SignInShop()
    server.refusal = httpx2.Response(401, json=WRONG)
    shop = connect(server, AdminToken("admin", "x"))
    for _ in range(5):
        with pytest.raises(SignInError, match="sign-in was incorrect") as caught:
            shop.get("/V1/orders/1")
        assert "locked" in caught.value.remedy
    assert (server.sign_ins, server.calls) == (1, 0)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("Please ask an administrator with sufficient access to configure 2FA first", "Providers"),
        ("You are required to configure personal Two-Factor Authorization in order to login.", "mailed"),
        ("Please use the 2fa provider-specific endpoints to obtain a token.", "authenticator"),
    ],
)
def test_each_answer_of_two_factor_authentication_is_explained(message: str, advice: str) -> None:
    server = SignInShop()
    server.refusal = httpx2.Response(400, json={"message": message})
    with pytest.raises(SignInError) as caught:
        connect(server, AdminToken("admin", "x")).get("/V1/orders/1")
    assert advice in caught.value.remedy
    assert "OAuth" in caught.value.remedy


def test_a_shop_that_fails_at_the_sign_in_leaves_a_write_unsent() -> None:
    server = SignInShop()
    server.refusal = httpx2.Response(500, text="An error has happened during application run.")
    shop = connect(server, AdminToken("admin", "x"), retry=Backoff(attempts=2))
    with pytest.raises(Transient):
        shop.put("/V1/orders/create", {"entity": {}})
    assert (server.sign_ins, server.calls) == (2, 0)


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"token": "T0PS3CRET"}', b'""', b"null"])
def test_an_answer_that_is_no_token_is_never_shown(body: bytes) -> None:
    server = SignInShop()
    server.refusal = httpx2.Response(200, content=body)
    with pytest.raises(ConfigurationError) as caught:
        connect(server, AdminToken("admin", "x")).get("/V1/orders/1")
    assert "T0PS3CRET" not in f"{caught.value!r} {caught.value.raw!r}"


def test_a_missing_user_name_is_a_matter_of_signing_in() -> None:
    server = SignInShop()
    server.refusal = httpx2.Response(
        400, json={"message": '"%fieldName" is required.', "parameters": {"fieldName": "username"}}
    )
    with pytest.raises(SignInError, match='"username" is required'):
        connect(server, AdminToken("", "x")).get("/V1/orders/1")


def test_threads_share_one_sign_in() -> None:
    server = SignInShop()
    shop = connect(server, AdminToken("admin", "x"))
    threads = [threading.Thread(target=shop.get, args=("/V1/orders/1",)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.sign_ins, server.calls) == (1, 12)


def test_clients_that_share_a_vault_share_the_token() -> None:
    server, vault = SignInShop(), MemoryVault()
    for _ in range(3):
        connect(server, AdminToken("admin", "x", vault=vault)).get("/V1/orders/1")
    assert server.sign_ins == 1


def test_a_vault_forgets_only_the_token_that_was_refused() -> None:
    vault = MemoryVault()
    old, new = (Token(Secret(text), NOW, NOW) for text in ("old", "new"))
    vault.store(new)
    vault.forget(old)
    assert vault.load() == new
    vault.forget(new)
    assert vault.load() is None


def test_a_token_is_sent_to_its_own_shop_only() -> None:
    auth = AdminToken("admin", "x")
    connect(SignInShop(), auth)
    with pytest.raises(ConfigurationError, match=r"already belongs to https://shop\.example"):
        Magento("https://other.example", auth)


def test_a_refused_integration_token_names_the_setting() -> None:
    answer = httpx2.Response(401, json=REFUSED)
    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(lambda _: answer))
    with pytest.raises(SignInError) as caught:
        shop.get("/V1/orders/1")
    assert "oauth/consumer/enable_integration_as_bearer" in caught.value.remedy


@pytest.mark.parametrize("token", ["", '"quoted"', "two words", "line\n", "tökén"])
def test_a_token_that_cannot_be_one_is_refused_at_once(token: str) -> None:
    with pytest.raises(ConfigurationError, match="token cannot be used"):
        BearerToken(token)


def test_other_refusals_pass_as_they_are() -> None:
    answer = httpx2.Response(400, json={"message": "No such thing"})
    shop = Magento("https://shop.example", BearerToken("t"), transport=httpx2.MockTransport(lambda _: answer))
    with pytest.raises(Rejected, match="No such thing"):
        shop.get("/V1/orders/1")
