import asyncio
import re
from urllib.parse import quote_plus, unquote, urlencode

import pytest

from mageferry.http import AsyncHttpClient, HttpClient, HttpConfig, Timeouts
from mageferry.magento import ConfigurationError, Endpoint, Magento, Secret, SignInError, Unclear
from mageferry.magento.handshake import Activation, IntegrationKeys, exchange, verify
from tests.http.local_server import LocalServer, Say, Seen, serving
from tests.magento.oauth_shop import KEYS, OAuthShop

FIELDS = {
    "oauth_consumer_key": KEYS[0],
    "oauth_consumer_secret": KEYS[1],
    "oauth_verifier": "ve" + "5" * 30,
    "store_base_url": "http://127.0.0.1/",
}
ACTIVATION = Activation.parse(urlencode(FIELDS).encode())


class ActivatingShop(OAuthShop):
    """Gives out a request token and an access token, each once, to whoever signs for them."""

    def __init__(self) -> None:
        super().__init__()
        self.given: set[str] = set()

    def __call__(self, request: Seen) -> Say:
        if not request.path.startswith("/oauth/token/"):
            return super().__call__(request)
        pairs = re.findall(r'(\w+)="([^"]*)"', request.headers["authorization"])
        values = {name: unquote(value) for name, value in pairs}
        self.access_secret = "rs" if "oauth_token" in values else ""
        good = values["oauth_signature"] == self.signature(request, values)
        self.access_secret = KEYS[3]
        if not good:
            return problem("The signature is invalid. Verify and try again.")
        if request.path in self.given:
            return problem("Cannot create request token because consumer token is not a verifier token")
        self.given.add(request.path)
        if request.path.endswith("request"):
            return Say(200, b"oauth_token=rt&oauth_token_secret=rs", {"Content-Type": "text/html"})
        if values.get("oauth_verifier") != FIELDS["oauth_verifier"] or values["oauth_token"] != "rt":
            return problem("Token verifier and verifier token do not match")
        return Say(200, f"oauth_token={KEYS[2]}&oauth_token_secret={KEYS[3]}".encode())


def problem(text: str, status: int = 401) -> Say:
    return Say(
        status, f"oauth_problem={quote_plus(text)}".encode(), {"Content-Type": "text/html; charset=UTF-8"}
    )


def exchanged(server: LocalServer, activation: Activation = ACTIVATION) -> IntegrationKeys:
    with HttpClient(HttpConfig(timeouts=Timeouts(read_seconds=2))) as client:
        return client.run(exchange(activation, Endpoint.parse(server.url)))


def test_an_activation_becomes_keys_that_sign_in() -> None:
    with serving(ActivatingShop()) as server:
        keys = exchanged(server)
        assert [part.reveal() for part in (keys.access_token, keys.access_token_secret)] == list(KEYS[2:])
        with Magento(server.url, keys.authentication()) as shop:
            assert shop.get("/V1/orders/1") == {"ok": 1}
        paths = [request.path for request in server.seen]
        assert paths[:2] == ["/oauth/token/request", "/oauth/token/access"]
    assert not any(key in f"{keys!r}{ACTIVATION!r}" for key in (*KEYS, FIELDS["oauth_verifier"]))


def test_the_same_flow_runs_within_an_event_loop() -> None:
    async def activate(url: str) -> IntegrationKeys:
        async with AsyncHttpClient() as client:
            return await client.run(exchange(ACTIVATION, Endpoint.parse(url)))

    with serving(ActivatingShop()) as server:
        assert asyncio.run(activate(server.url)).access_token.reveal() == KEYS[2]


def test_a_second_exchange_says_that_the_old_keys_are_still_good() -> None:
    with serving(ActivatingShop()) as server:
        exchanged(server)
        with pytest.raises(SignInError, match="used already") as caught:
            exchanged(server)
    assert "still good" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "meaning", "advice"),
    [
        ("Consumer key has expired", "too long ago", "300 seconds"),
        ("Token verifier and verifier token do not match", "another activation", "Callback URL"),
        ("Specified token does not exist", "exchanged already", "Reauthorize"),
        ("A consumer having the specified key does not exist", "does not know this integration", "deleted"),
        ("The nonce is already being used by the consumer with ID 3", "seen this very request", "twice"),
        ("The signature is invalid. Verify and try again.", "signs differently", "X-Forwarded-Proto"),
        ('"oauth_nonce" is required. Enter and try again.', "Authorization header", "proxy"),
        ("An error occurred validating the nonce", "time of the request", "clocks"),
        ("Something new", "refused the exchange", "Reauthorize"),
    ],
)
def test_every_refusal_is_explained(text: str, meaning: str, advice: str) -> None:
    with serving(lambda _: problem(text)) as server, pytest.raises(SignInError) as caught:
        exchanged(server)
    assert meaning in caught.value.message
    assert text in caught.value.message
    assert advice in caught.value.remedy


@pytest.mark.parametrize("missing", FIELDS)
def test_a_form_that_is_no_activation_names_what_is_missing(missing: str) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != missing}
    with pytest.raises(ConfigurationError, match=missing):
        Activation.parse(fields)
    with pytest.raises(ConfigurationError):
        Activation.parse(b"\xff" * 20_000)


def test_an_activation_of_another_shop_is_refused_before_anything_is_sent() -> None:
    for url in ("https://evil.example/", "http://[", "nothing"):
        activation = Activation.parse({**FIELDS, "store_base_url": url})
        with serving(ActivatingShop()) as server:
            with pytest.raises(ConfigurationError, match=r"is for 127\.0\.0\.1"):
                exchanged(server, activation)
            assert server.seen == []


def test_a_lost_answer_asks_for_a_new_activation() -> None:
    cut_off = Say(200, b"oauth_token=rt", {"Content-Length": "60", "Connection": "close"})
    with serving(lambda _: cut_off) as server, pytest.raises(Unclear, match="was lost") as caught:
        exchanged(server)
    assert "Reauthorize" in caught.value.remedy


@pytest.mark.parametrize(("status", "text"), [(200, "no token"), (404, "404")])
def test_a_page_in_place_of_a_token_is_no_token(status: int, text: str) -> None:
    page = Say(status, b"<html><h1>404</h1></html>", {"Content-Type": "text/html"})
    with serving(lambda _: page) as server, pytest.raises(ConfigurationError, match=text):
        exchanged(server)


def test_new_keys_are_verified_by_a_signed_call() -> None:
    shop = OAuthShop()
    with serving(shop) as server, HttpClient() as client:
        keys = IntegrationKeys(
            ACTIVATION.consumer_key, ACTIVATION.consumer_secret, Secret(KEYS[2]), Secret(KEYS[3])
        )
        client.run(verify(keys, Endpoint.parse(server.url)))
        shop.access_secret = "changed"
        with pytest.raises(SignInError, match="signature"):
            client.run(verify(keys, Endpoint.parse(server.url)))
