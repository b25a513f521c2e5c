from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mageferry.magento import (
    ConfigurationError,
    Magento,
    OAuth,
    PathRule,
    SearchCriteria,
    SignatureMethod,
    SignInError,
)
from tests.http.local_server import LocalServer, Say, serving
from tests.magento.oauth_shop import KEYS, OAuthShop

NOW = 1_795_308_000


@contextmanager
def connected(shop: OAuthShop, **options: Any) -> Iterator[tuple[Magento, OAuth, LocalServer]]:
    auth = OAuth(*KEYS, **options)
    with serving(shop) as server, Magento(server.url, auth) as client:
        yield client, auth, server


def test_a_signed_call_is_accepted_and_carries_no_secret() -> None:
    with connected(OAuthShop()) as (client, _, server):
        assert client.get("/V1/store/websites") == {"ok": 1}
        assert client.post("/V1/order/1/ship", {"items": []}) == {"ok": 1}
    wire = " ".join(str(request.headers) for request in server.seen)
    assert KEYS[1] not in wire
    assert KEYS[3] not in wire


def test_twelve_filter_groups_with_dates_lists_and_odd_characters_are_accepted() -> None:
    criteria = SearchCriteria()
    for number in range(12):
        criteria = criteria.where("sku", "like", f"%a+b & ü/{number}~(')!*")
    with connected(OAuthShop()) as (client, _, _):
        assert client.get("/V1/orders", criteria) == {"ok": 1}


@given(query=st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_query_is_signed_as_it_arrives(oauth_client: Magento, query: list[tuple[str, str]]) -> None:
    query = [pair for pair in query if pair[0] != "oauth_signature" and max(*pair, "a") < "\ud800"]
    assert oauth_client.get("/V1/orders", query) == {"ok": 1}


@pytest.fixture(scope="module")
def oauth_client() -> Iterator[Magento]:
    with connected(OAuthShop()) as (client, _, _):
        yield client


def test_the_rule_for_paths_is_found_out_once_and_remembered() -> None:
    with connected(OAuthShop(rule="unreserved")) as (client, auth, server):
        assert client.get("/V1/products/a%2Fb") == {"ok": 1}
        assert (len(server.seen), auth.path_rule) == (2, PathRule.UNRESERVED)
        assert client.get("/V1/products/c%2Bd") == {"ok": 1}
        assert len(server.seen) == 3


def test_a_wrong_secret_is_not_tried_with_the_other_rule_where_both_sign_the_same() -> None:
    shop = OAuthShop()
    shop.access_secret = "another"
    with connected(shop) as (client, auth, server):
        with pytest.raises(SignInError, match="signature is invalid") as caught:
            client.get("/V1/orders/1")
        with pytest.raises(SignInError):
            client.get("/V1/products/a%2Fb")
        assert (len(server.seen), auth.path_rule) == (3, PathRule.RESERVED)
    assert "consumer secret" in caught.value.remedy


def test_every_attempt_has_a_nonce_of_its_own_of_32_characters() -> None:
    shop = OAuthShop()
    answers = iter([Say(503, b"", {"Retry-After": "0"}), None])
    with serving(lambda request: next(answers) or shop(request)) as server:
        with Magento(server.url, OAuth(*KEYS)) as client:
            assert client.get("/V1/orders/1") == {"ok": 1}
        nonces = {
            part.partition("=")[2].strip('"')
            for request in server.seen
            for part in (request.headers["authorization"] or "").split(",")
            if part.startswith("oauth_nonce")
        }
    assert [len(nonce) for nonce in nonces] == [32, 32]


def test_a_clock_that_is_ahead_of_the_shops_is_corrected_by_the_shops_time() -> None:
    shop = OAuthShop()
    shop.now, shop.headers = NOW, {"Date": formatdate(NOW, usegmt=True)}
    with connected(shop, clock=lambda: NOW + 4000.0) as (client, _, server):
        assert client.get("/V1/orders/1") == {"ok": 1}
        assert client.get("/V1/orders/2") == {"ok": 1}
        assert len(server.seen) == 3


def test_a_nonce_that_is_refused_for_another_reason_is_reported() -> None:
    def answer(_: object) -> Say:
        return Say(
            401, {"message": "An error occurred validating the nonce"}, {"Date": formatdate(NOW, usegmt=True)}
        )

    with serving(answer) as server, Magento(server.url, OAuth(*KEYS, clock=lambda: float(NOW))) as client:
        with pytest.raises(SignInError) as caught:
            client.get("/V1/orders/1")
        assert len(server.seen) == 1
    assert "clocks" in caught.value.remedy


def test_an_old_shop_is_signed_for_with_sha1_and_a_new_one_says_what_it_wants() -> None:
    with connected(OAuthShop(methods=["HMAC-SHA1"]), signature_method=SignatureMethod.HMAC_SHA1) as (
        client,
        _,
        _,
    ):
        assert client.get("/V1/orders/1") == {"ok": 1}
    with (
        connected(OAuthShop(), signature_method=SignatureMethod.HMAC_SHA1) as (client, _, _),
        pytest.raises(SignInError, match="Signature method HMAC-SHA1 is not supported") as caught,
    ):
        client.get("/V1/orders/1")
    assert "HMAC-SHA256" in caught.value.remedy


def test_a_missing_permission_names_the_resource_and_the_place() -> None:
    text = "The consumer isn't authorized to access %resources."
    answer = Say(401, {"message": text, "parameters": {"resources": "Magento_Catalog::products"}})
    with serving(lambda _: answer) as server, Magento(server.url, OAuth(*KEYS)) as client:
        with pytest.raises(SignInError) as caught:
            client.get("/V1/products/1")
        assert len(server.seen) == 1
    assert "Magento_Catalog::products" in caught.value.remedy
    assert "Integrations" in caught.value.remedy


@pytest.mark.parametrize("key", ["", "  ", "two words", "tökén"])
def test_a_key_that_cannot_be_one_is_refused_by_name(key: str) -> None:
    with pytest.raises(ConfigurationError, match="consumer secret"):
        OAuth("k", key, "t", "s")


def test_blanks_around_a_copied_key_do_not_matter_and_nothing_is_shown() -> None:
    padded = [f" {key}\n" for key in KEYS]
    auth = OAuth(*padded)
    with serving(OAuthShop()) as server, Magento(server.url, auth) as client:
        assert client.get("/V1/orders/1") == {"ok": 1}
    assert not any(key in f"{auth!r} {vars(auth)}" for key in KEYS)
