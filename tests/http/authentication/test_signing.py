"""Signatures, held against the examples that their authors published, and against servers that verify them."""

import base64
import hmac
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1

from mageferry.http import HttpClient, HttpConfig, InvalidRequest, Middleware, Request, Response, Secret
from mageferry.http.authentication.json_web_token import JsonWebToken, TokenSigner
from mageferry.http.authentication.oauth1 import OAuth1, OAuth1Method, base_string
from mageferry.http.authentication.sigv4 import SigV4, canonical_path, canonical_query
from tests.http.local_server import Say, Seen, serving

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def send(url: str, authentication: Middleware, method: str = "GET", **options: Any) -> Response:
    with HttpClient(HttpConfig(authentication=authentication)) as client:
        return client.request(method, url, **options)


def test_the_base_string_is_that_of_rfc_5849() -> None:
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    oauth = {
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }
    assert base_string("POST", url, oauth, b"c2&a3=2+q") == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def oauth_parameters(request: Seen) -> tuple[dict[str, str], bytes]:
    """The parameters that arrived without the signature, and the signature."""
    pairs = re.findall(r'(\w+)="([^"]*)"', request.headers["authorization"])
    sent = {name: unquote(value) for name, value in pairs if name != "realm"}
    return sent, base64.b64decode(sent.pop("oauth_signature"))


@pytest.mark.parametrize(
    ("method", "kind"), [(OAuth1Method.HMAC_SHA1, "sha1"), (OAuth1Method.HMAC_SHA256, "sha256")]
)
@pytest.mark.parametrize("query", ["", "?a[0]=x&b=y+z&c", "?q=%C3%A9%20(1)"])
def test_a_server_that_knows_the_secrets_comes_to_the_same_signature(
    method: OAuth1Method, kind: str, query: str
) -> None:
    def verify(request: Seen) -> Say:
        sent, signature = oauth_parameters(request)
        base = base_string(
            request.method, f"http://{request.headers['host']}{request.target}", sent, request.body
        )
        return Say(200 if hmac.digest(b"c%26s&ts", base.encode(), kind) == signature else 401)

    oauth = OAuth1("key", Secret("c&s"), Secret("token"), Secret("ts"), method)
    with serving(verify) as server:
        assert send(f"{server.url}/r{query}", oauth).status == 200
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert send(f"{server.url}/r{query}", oauth, "POST", headers=form, content=b"f=1+2").status == 200


def test_plain_text_sends_the_secrets_as_the_signature() -> None:
    oauth = OAuth1("k", Secret("a b"), Secret("t"), Secret("c"), OAuth1Method.PLAINTEXT, realm="Photos")
    with serving(lambda request: Say(200, request.headers["authorization"])) as server:
        header = send(server.url, oauth).json()
    assert header.startswith('OAuth realm="Photos", oauth_consumer_key="k"')
    assert 'oauth_signature="a%2520b%26c"' in header


def test_rsa_signs_with_a_private_key() -> None:
    def verify(request: Seen) -> Say:
        sent, signature = oauth_parameters(request)
        base = base_string(request.method, f"http://{request.headers['host']}{request.target}", sent)
        KEY.public_key().verify(signature, base.encode(), padding.PKCS1v15(), SHA1())
        return Say(204)

    with serving(verify) as server:
        assert (
            send(f"{server.url}/x", OAuth1("k", method=OAuth1Method.RSA_SHA1, private_key=Secret(PEM))).status
            == 204
        )


@pytest.mark.parametrize("key", ["", "CANARY"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        send("http://127.0.0.1:1/", OAuth1("k", method=OAuth1Method.RSA_SHA1, private_key=Secret(key)))
    assert "CANARY" not in f"{caught.value!r}{caught.value.__cause__!r}"


@pytest.mark.parametrize(("algorithm", "secret"), [("HS256", "s" * 32), ("RS256", PEM), ("PS512", PEM)])
def test_every_request_has_a_fresh_token_of_its_own(algorithm: str, secret: str) -> None:
    signer = TokenSigner(algorithm, Secret(secret), {"iss": "hub"}, {"kid": "k1"}, lifetime_seconds=60)
    with serving(lambda request: Say(200, request.headers["x-token"])) as server:
        tokens = [send(server.url, JsonWebToken(signer, "X-Token", "")).json() for _ in range(2)]
    key: Any = secret if algorithm == "HS256" else KEY.public_key()
    first, second = (jwt.decode(token, key, [algorithm]) for token in tokens)
    assert (first["iss"], first["exp"] - first["iat"]) == ("hub", 60)
    assert first["jti"] != second["jti"]
    assert jwt.get_unverified_header(tokens[0])["kid"] == "k1"


@pytest.mark.parametrize(
    ("algorithm", "key"), [("HS256", "short-CANARY"), ("RS256", "CANARY"), ("none", ""), ("RS256", "")]
)
def test_a_key_that_does_not_fit_is_refused_at_once(algorithm: str, key: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        TokenSigner(algorithm, Secret(key))
    assert "CANARY" not in f"{caught.value!r}{caught.value.__cause__!r}"


# AWS's own examples: its Signature Version 4 test suite, the IAM user guide and the S3 reference.
SUITE = {"region": "us-east-1", "service": "service", "at": datetime(2015, 8, 30, 12, 36, tzinfo=UTC)}
IAM = {**SUITE, "service": "iam"}
S3 = {**SUITE, "service": "s3", "at": datetime(2013, 5, 24, tzinfo=UTC)}
SUITE_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
S3_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("where", "key", "request_", "signature"),
    [
        (
            SUITE,
            SUITE_KEY,
            Request("GET", "https://example.amazonaws.com/"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            SUITE,
            SUITE_KEY,
            Request("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            SUITE,
            SUITE_KEY,
            Request("POST", "https://example.amazonaws.com/"),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            SUITE,
            SUITE_KEY,
            Request("POST", "https://example.amazonaws.com/", FORM, b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            IAM,
            SUITE_KEY,
            Request(
                "GET",
                "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
                {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            ),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
        (
            S3,
            S3_KEY,
            Request("GET", "https://examplebucket.s3.amazonaws.com/test.txt", {"Range": "bytes=0-9"}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            S3,
            S3_KEY,
            Request(
                "PUT",
                "https://examplebucket.s3.amazonaws.com/test%24file.text",
                {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
                b"Welcome to Amazon S3.",
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            S3,
            S3_KEY,
            Request("GET", "https://examplebucket.s3.amazonaws.com/?lifecycle"),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            S3,
            S3_KEY,
            Request("GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["vanilla", "query order", "post", "form", "iam", "s3 get", "s3 put", "s3 bare parameter", "s3 list"],
)
def test_signatures_are_those_that_aws_published(
    where: dict[str, Any], key: str, request_: Request, signature: str
) -> None:
    access_key = "AKIAIOSFODNN7EXAMPLE" if key == S3_KEY else "AKIDEXAMPLE"
    signer = SigV4(where["region"], where["service"], access_key, Secret(key), clock=lambda: where["at"])
    header = signer.sign(request_).header("authorization") or ""
    assert header.rpartition("Signature=")[2] == signature


def test_paths_and_queries_are_made_canonical() -> None:
    assert canonical_path("/example/..") == "/"
    assert canonical_path("/./a//b/") == "/a/b/"
    assert canonical_path("/a%20b") == "/a%2520b"
    assert canonical_path("/a%20b//c", as_it_is=True) == "/a%20b//c"
    assert canonical_query("b=2&a=%7e+&a=1&c") == "a=1&a=~%2B&b=2&c="


def test_the_token_of_a_session_is_signed_and_sent() -> None:
    signer = SigV4("eu-west-1", "execute-api", "AKID", Secret("key"), Secret("session"))
    with serving(lambda request: Say(200, dict(request.headers.items()))) as server:
        headers = send(f"{server.url}/orders", signer).json()
    assert headers["X-Amz-Security-Token"] == "session"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in headers["Authorization"]
