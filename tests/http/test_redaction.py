import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http import ConnectionLost, Headers, Request, Response, Secret
from mageferry.http.plugins.log import Exchange, LogFormat
from mageferry.http.redaction import (
    MASK,
    is_secret_name,
    redact_body,
    redact_headers,
    redact_json,
    redact_url,
)

CANARY = "c4n4ry-S3CRET"
JWT = "eyJraWQiOiIxIn0.eyJ1aWQiOjF9.c4n4ryS3CRET"
SECRET_NAMES = [
    "password",
    "admin_password",
    "userPassword",
    "token",
    "access_token",
    "oauth_token_secret",
    "consumerSecret",
    "apiKey",
    "X-Api-Key",
    "client_secret",
    "otp",
    "PHPSESSID",
]
secret_names = st.sampled_from(SECRET_NAMES)
harmless = st.dictionaries(
    st.sampled_from(["sku", "name", "qty"]), st.text(max_size=9) | st.integers(0, 99), max_size=3
)


def shown(exchange: Exchange) -> str:
    return "\n".join([*(exchange.render(style) for style in LogFormat), repr(exchange)])


def exchange(request: Request, response: Response | None = None) -> Exchange:
    outcome = response or ConnectionLost("The connection broke")
    return Exchange(request, outcome, datetime(2026, 11, 22, tzinfo=UTC), 0.1)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    for text in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, repr([secret])):  # noqa: UP031
        assert CANARY not in text
    for dump in (json.dumps, orjson.dumps, pickle.dumps):
        with pytest.raises(TypeError):
            dump(secret)
    assert not hasattr(secret, "__dict__")
    assert copy.deepcopy(secret) == copy.copy(secret) == Secret(secret) == Secret(CANARY) != Secret("other")
    assert not Secret("")


@pytest.mark.parametrize(
    "name", [*SECRET_NAMES, "Authorization", "Cookie", "Set-Cookie", "jwt", "oauth_signature"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["sku", "increment_id", "compass", "passenger", "tokenized_name", "secretary", "author"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_secret_name(name)


def test_headers_keep_their_scheme() -> None:
    headers = [
        ("Authorization", f"Bearer {CANARY}"),
        ("Cookie", f"a={CANARY}"),
        ("Accept", "application/json"),
    ]
    assert redact_headers(headers) == [
        ("Authorization", f"Bearer {MASK}"),
        ("Cookie", MASK),
        ("Accept", "application/json"),
    ]


def test_urls_lose_user_info_and_secret_parameters() -> None:
    url = f"https://me:{CANARY}@shop.example/rest?access_token={CANARY}&page=2"
    assert redact_url(url) == f"https://shop.example/rest?access_token={MASK}&page=2"


def test_numbers_and_nested_lists_under_a_secret_name_are_masked_too() -> None:
    assert redact_json(
        {"otp": 123456, "tokens": [CANARY], "token_type": True, "a": [{"password": None}]}
    ) == {
        "otp": MASK,
        "tokens": MASK,
        "token_type": True,
        "a": [{"password": None}],
    }


def test_a_bare_string_is_taken_for_a_token() -> None:
    assert CANARY not in redact_body(f'"{CANARY}-{CANARY}"'.encode(), "application/json")
    assert redact_body(b'"too short"', "application/json") == '"too short"'


@given(secret_names, harmless, st.sampled_from(["json", "form", "cut", "xml", "text"]), st.booleans())
def test_no_format_of_the_log_shows_a_secret(
    name: str, others: dict[str, Any], kind: str, answered: bool
) -> None:
    nested = {**others, "inner": [{name: CANARY, "more": {name: {"deep": CANARY}}}], name: CANARY}
    body, content_type = {
        "json": (orjson.dumps(nested), "application/json"),
        "form": (f"a=1&{quote(name)}={quote(CANARY)}&b=2".encode(), "application/x-www-form-urlencoded"),
        "cut": (orjson.dumps({**others, name: CANARY})[:-3], "application/json"),
        "xml": (f"<r><{name}>{CANARY}</{name}><x>1</x></r>".encode(), "application/xml"),
        "text": (f"Failed: {name}={CANARY} and {JWT}".encode(), "text/plain"),
    }[kind]
    request = Request(
        "POST",
        f"https://u:{CANARY}@shop.example/rest/V1/x?{quote(name)}={CANARY}&jwt={JWT}",
        {
            "Authorization": f"Bearer {CANARY}",
            "X-Api-Key": CANARY,
            "Cookie": CANARY,
            "Content-Type": content_type,
        },
        body,
    )
    response = Response(200, Headers({"Set-Cookie": CANARY, "Content-Type": content_type}), body)
    text = shown(exchange(request, response if answered else None))
    assert CANARY not in text
    assert JWT not in text
    assert "shop.example" in text


def test_whatever_a_token_endpoint_answers_is_masked_whole() -> None:
    request = Request("POST", "https://shop.example/rest/V1/integration/admin/token", {}, b"")
    assert "short" not in shown(exchange(request, Response(200, Headers(), b'"short"')))
    assert "wrong" in shown(exchange(request, Response(401, Headers(), b'{"message":"wrong"}')))


def test_simple_has_headers_only_and_long_is_cut() -> None:
    request = Request("GET", "https://shop.example/", {"Accept": "text/plain"})
    told = exchange(request, Response(200, Headers({"Server": "nginx"}), b"x" * 10_500))
    simple, long, full = (told.render(style) for style in (LogFormat.SIMPLE, LogFormat.LONG, LogFormat.FULL))
    assert "Server: nginx".lower() in simple.lower()
    assert "xx" not in simple
    assert long.count("x" * 10) == 1_000
    assert "10,500 characters" in long
    assert "x" * 10_500 in full


def test_curl_can_be_pasted_into_a_shell() -> None:
    request = Request(
        "PUT", "https://shop.example/a?b=1&c=2", {"Accept": "text/plain"}, b'{"name":"O\'Neil"}'
    )
    assert exchange(request).render(LogFormat.CURL) == (
        "curl -X PUT 'https://shop.example/a?b=1&c=2' -H 'Accept: text/plain' "
        """--data-raw '{"name":"O'"'"'Neil"}'"""
    )
