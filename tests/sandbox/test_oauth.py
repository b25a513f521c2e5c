"""Signed requests, integrations, and the handshake from the shop's side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from mageferry.sandbox import Sandbox
from mageferry.sandbox.activation import Credentials
from mageferry.sandbox.signature import normalise_url, query_parameters, sign
from tests.sandbox.conftest import Client, Reply

WEBSITES = "/rest/V1/store/websites"
NOW = 1_900_000_000
NOW_TEXT = "2030-03-17T17:46:40Z"


@dataclass
class Signer:
    """Signs requests of one integration; ``changes`` replace or, with None, drop OAuth parameters."""

    client: Client
    keys: Credentials
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def send(self, target: str, method: str = "GET", secret: str = "", **changes: str | None) -> Reply:
        header = self.header(target, method, secret, **changes)
        return self.client.send(method, target, token="", headers={"Authorization": header})

    def header(self, target: str, method: str = "GET", secret: str = "", **changes: str | None) -> str:
        path, _, query = target.partition("?")
        sent: dict[str, str | None] = {
            "oauth_consumer_key": self.keys.consumer_key,
            "oauth_nonce": f"nonce{next(self.numbers)}",
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(NOW),
            "oauth_token": self.keys.access_token or None,
            **changes,
        }
        given = {name: value for name, value in sent.items() if value is not None}
        url = normalise_url(self.client.sandbox.url, path)
        token_secret = secret or self.keys.access_token_secret
        signature = sign(
            {**given, **query_parameters(query)}, method, url, self.keys.consumer_secret, token_secret
        )
        given.setdefault("oauth_signature", signature)
        return "OAuth " + ",".join(f'{name}="{quote(value, safe="")}"' for name, value in given.items())


@pytest.fixture
def client(storefront: Sandbox) -> Client:
    made = Client(storefront)
    made.post("/_sandbox/clock", {"now": NOW_TEXT})
    return made


@pytest.fixture
def signer(client: Client) -> Signer:
    desk = client.sandbox.control.integrations
    desk.add("Hub")
    return Signer(client, desk.authorize("Hub"))


def test_a_signed_request_is_served(signer: Signer) -> None:
    assert signer.send(WEBSITES).status == 200
    assert signer.send("/rest/V1/orders?searchCriteria[pageSize]=1&fields=total_count").status == 200
    assert signer.send("/rest/V1/products/LF-MUG%2FENAMEL?fields=sku").json == {"sku": "LF-MUG/ENAMEL"}


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"oauth_signature": "x" * 44}, 401, "The signature is invalid. Verify and try again."),
        ({"oauth_signature_method": "HMAC-SHA1"}, 400, "Signature method %1 is not supported"),
        ({"oauth_consumer_key": "k" * 32}, 401, "A consumer having the specified key does not exist"),
        ({"oauth_consumer_key": "short"}, 401, "Consumer key is not the correct length"),
        ({"oauth_token": "t" * 32}, 401, "Specified token does not exist"),
        ({"oauth_token": "short"}, 400, "The token length is invalid. Check the length and try again."),
        ({"oauth_token": None}, 400, '"%fieldName" is required. Enter and try again.'),
        ({"oauth_timestamp": "0"}, 401, "An error occurred validating the nonce"),
        ({"oauth_timestamp": str(NOW + 700)}, 401, "An error occurred validating the nonce"),
        ({"oauth_version": "2.0"}, 400, 'The "%1" Oauth version isn\'t supported.'),
    ],
)
def test_what_a_bad_signature_is_told(
    signer: Signer, changes: dict[str, str | None], status: int, message: str
) -> None:
    reply = signer.send(WEBSITES, **changes)
    assert (reply.status, reply.json["message"]) == (status, message)


@pytest.mark.parametrize("timestamp", [NOW - 31_536_000, NOW + 500])
def test_old_and_slightly_early_clocks_pass(signer: Signer, timestamp: int) -> None:
    assert signer.send(WEBSITES, oauth_timestamp=str(timestamp)).status == 200


def test_a_nonce_is_used_once_and_remembered_for_32_characters(signer: Signer) -> None:
    assert signer.send(WEBSITES, oauth_nonce="once").status == 200
    again = signer.send(WEBSITES, oauth_nonce="once")
    assert again.json["message"] == "The nonce is already being used by the consumer with ID %1"
    assert signer.send(WEBSITES, oauth_nonce="n" * 36).status == 200
    longer = signer.send(WEBSITES, oauth_nonce="n" * 36)
    assert (longer.status, longer.json["message"]) == (401, "An error occurred validating the nonce")


def test_a_newer_release_signs_the_path_differently(signer: Signer) -> None:
    target = "/rest/V1/products/LF-MUG%2FENAMEL?fields=sku"
    signer.client.sandbox.control.set_setting("sandbox/oauth/decode_unreserved_only", "1")
    assert signer.send(target).status == 401
    assert signer.send(WEBSITES).status == 200


def test_an_integration_has_only_its_permissions(client: Client) -> None:
    desk = client.sandbox.control.integrations
    desk.add("Reader", resources=("Magento_Sales::actions_view",))
    reader = Signer(client, desk.authorize("Reader"))
    assert reader.send("/rest/V1/orders?searchCriteria[pageSize]=1").status == 200
    refused = reader.send("/rest/V1/products?searchCriteria[pageSize]=1")
    assert (refused.status, refused.json["parameters"]) == (401, {"resources": "Magento_Catalog::products"})


def test_inactive_and_revoked_integrations_are_refused(signer: Signer) -> None:
    desk = signer.client.sandbox.control.integrations
    desk.set_status("Hub", "inactive")
    assert "isn't authorized" in signer.send(WEBSITES).json["message"]
    desk.set_status("Hub", "active")
    desk.revoke("Hub")
    assert signer.send(WEBSITES).json["message"] == "Access token has been revoked"


def test_its_token_is_a_bearer_token_only_when_the_shop_allows_it(signer: Signer) -> None:
    token = signer.keys.access_token
    assert signer.client.send("GET", WEBSITES, token=token).status == 401
    signer.client.sandbox.control.set_setting("oauth/consumer/enable_integration_as_bearer", "1")
    assert signer.client.send("GET", WEBSITES, token=token).status == 200


def test_integrations_outlive_a_reset(signer: Signer) -> None:
    signer.client.sandbox.control.reset()
    signer.client.post("/_sandbox/clock", {"now": NOW_TEXT})
    assert signer.send(WEBSITES).status == 200


@contextmanager
def endpoint() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that keeps the forms it is sent and answers with an error, which must not matter."""
    forms: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            forms.append({name: values[0] for name, values in parse_qs(body).items()})
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/callback", forms
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def exchange(
    signer: Signer, step: str, secret: str = "", **changes: str | None
) -> tuple[int, dict[str, str]]:
    reply = signer.send(f"/oauth/token/{step}", "POST", secret, **changes)
    return reply.status, {name: values[0] for name, values in parse_qs(reply.body.decode()).items()}


def test_the_handshake_from_activation_to_a_signed_call(client: Client) -> None:
    with endpoint() as (url, forms):
        made = client.post("/_sandbox/integrations", {"name": "Hub", "endpoint": url}).json
        assert client.post("/_sandbox/integrations/Hub/activate").status == 200
    form = forms[0]
    assert form["oauth_consumer_key"] == made["consumer_key"]
    assert form["store_base_url"] == f"{client.sandbox.url}/"
    signer = Signer(client, Credentials("Hub", made["consumer_key"], form["oauth_consumer_secret"]))
    status, pair = exchange(signer, "request")
    assert status == 200
    verified = {"oauth_token": pair["oauth_token"], "oauth_verifier": form["oauth_verifier"]}
    wrong = exchange(signer, "access", pair["oauth_token_secret"], **{**verified, "oauth_verifier": "v" * 32})
    assert wrong == (401, {"oauth_problem": "Token verifier and verifier token do not match"})
    status, access = exchange(signer, "access", pair["oauth_token_secret"], **verified)
    assert status == 200
    secret = access["oauth_token_secret"]
    assert signer.send(WEBSITES, secret=secret, oauth_token=access["oauth_token"]).status == 200
    used = exchange(signer, "access", pair["oauth_token_secret"], **verified)
    assert used == (401, {"oauth_problem": "Specified token does not exist"})
    again = exchange(signer, "request")
    assert again[1]["oauth_problem"].startswith("Cannot create request token because")


def test_credentials_wait_300_seconds(client: Client) -> None:
    with endpoint() as (url, forms):
        desk = client.sandbox.control.integrations
        signer = Signer(client, desk.add("Hub", endpoint=url))
        desk.activate("Hub")
        client.post("/_sandbox/clock", {"now": "2030-03-17T17:52:00Z"})
        assert exchange(signer, "request") == (401, {"oauth_problem": "Consumer key has expired"})
        desk.reauthorize("Hub")
    assert exchange(signer, "request")[0] == 200
    assert len({form["oauth_verifier"] for form in forms}) == 2


def test_a_second_activation_gives_no_second_token(client: Client) -> None:
    with endpoint() as (url, _):
        desk = client.sandbox.control.integrations
        desk.add("Hub", endpoint=url)
        signer = Signer(client, desk.authorize("Hub"))
        desk.activate("Hub")
        refused: tuple[int, Any] = exchange(signer, "request", oauth_token=None)
        assert refused[0] == 401
        assert signer.send(WEBSITES).status == 200
        desk.reauthorize("Hub")
    assert signer.send(WEBSITES).json["message"] == "Specified token does not exist"


def test_what_an_admin_does_wrong_is_said(client: Client) -> None:
    desk = client.sandbox.control.integrations
    desk.add("Hub")
    with pytest.raises(ValueError, match="already"):
        desk.add("Hub")
    with pytest.raises(ValueError, match="has no endpoint"):
        desk.activate("Hub")
    with pytest.raises(ValueError, match="must start with http"):
        desk.activate("Hub", "ftp://hub.example/")
    with pytest.raises(ConnectionError, match="Unable to post data to consumer"):
        desk.activate("Hub", "http://127.0.0.1:9/")
    with pytest.raises(ValueError, match="unknown integration"):
        desk.authorize("Nobody")
    with pytest.raises(ValueError, match="known are inactive, active, recreated"):
        desk.set_status("Hub", "asleep")
    assert client.post("/_sandbox/integrations/Hub/activate").status == 400


def test_secrets_do_not_show_in_reprs(client: Client) -> None:
    desk = client.sandbox.control.integrations
    desk.add("Hub")
    keys = desk.authorize("Hub")
    assert keys.consumer_secret not in repr(keys)
    assert keys.access_token not in repr(keys)
