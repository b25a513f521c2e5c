"""Authentications that put something into every request: bearer, basic, query parameter, digest."""

import hashlib
import re

import pytest

from mageferry.http import HttpClient, HttpConfig, InvalidRequest, Middleware, Response, Secret
from mageferry.http.authentication.basic import Basic
from mageferry.http.authentication.bearer import Bearer
from mageferry.http.authentication.digest import Digest
from mageferry.http.authentication.query_param import QueryParam
from tests.http.local_server import Say, Seen, serving


def get(url: str, authentication: Middleware) -> Response:
    with HttpClient(HttpConfig(authentication=authentication)) as client:
        return client.request("GET", url)


def test_a_bearer_token_and_a_password_go_into_the_header() -> None:
    with serving(lambda request: Say(200, request.headers["authorization"])) as server:
        assert get(server.url, Bearer(Secret("tok"))).json() == "Bearer tok"
        # "Aladdin:open sesame", the example of RFC 7617.
        assert (
            get(server.url, Basic("Aladdin", Secret("open sesame"))).json()
            == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        )
        assert get(server.url, Basic("test", Secret("123£"))).json() == "Basic dGVzdDoxMjPCow=="


def test_a_user_name_with_a_colon_cannot_be_sent() -> None:
    with pytest.raises(InvalidRequest, match="colon"):
        Basic("a:b", Secret("x"))


@pytest.mark.parametrize(
    ("url", "target"),
    [("/x", "/x?api key=a%26b"), ("/x?y=1", "/x?y=1&api key=a%26b"), ("/x?", "/x?api key=a%26b")],
)
def test_a_key_in_the_query_stands_behind_the_rest(url: str, target: str) -> None:
    with serving(lambda request: Say(200, request.target)) as server:
        answer = get(server.url + url, QueryParam("api key", Secret("a&b"))).json()
    assert answer == target.replace("api key", "api%20key")


class DigestServer:
    """RFC 7616 with SHA-256 and qop=auth; refuses a count it has seen."""

    def __init__(self) -> None:
        self.counts: list[str] = []

    def __call__(self, request: Seen) -> Say:
        challenge = 'Digest realm="hub", qop="auth", algorithm=SHA-256, nonce="n1", opaque="o1"'
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers["authorization"] or ""))
        if not given or given["nc"] in self.counts:
            return Say(401, b"", {"WWW-Authenticate": challenge})
        self.counts.append(given["nc"])
        first = digest("user:hub:pass")
        second = digest(f"{request.method}:{request.target}")
        expected = digest(f"{first}:n1:{given['nc']}:{given['cnonce']}:auth:{second}")
        return Say(200 if given["response"] == expected else 403)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_digest_challenge_is_answered_once_and_its_count_goes_on() -> None:
    digest_server = DigestServer()
    with (
        serving(digest_server) as server,
        HttpClient(HttpConfig(authentication=Digest("user", Secret("pass")))) as client,
    ):
        statuses = [client.request("GET", f"{server.url}/a/b?c=d").status for _ in range(3)]
        assert len(server.seen) == 4
    assert statuses == [200, 200, 200]
    assert digest_server.counts == ["00000001", "00000002", "00000003"]


def test_nothing_shows_a_secret() -> None:
    kinds = [Bearer(Secret("CANARY")), Basic("u", Secret("CANARY")), QueryParam("k", Secret("CANARY"))]
    assert (
        "CANARY" not in f"{kinds!r} {Digest('u', Secret('CANARY'))!r} {vars(Digest('u', Secret('CANARY')))}"
    )
