"""OAuth 2.0 with a person: sent to the server, back with a code, the token kept; forged returns are refused."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mageferry.http.authentication.oauth2 import challenge
from mageferry.hub.pipelines.clients import open_client
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpAuthorization
from mageferry.hub.pipelines.vault import tokens_of
from tests.http.local_server import LocalServer, Say, Seen, serving
from tests.hub.pipelines.builders import make_authentication, make_client

pytestmark = pytest.mark.django_db
CANARY = "canary-6650"


def serve(request: Seen) -> Say:
    if request.path != "/token":
        return Say(200, {"seen": request.headers["authorization"]})
    if request.form.get("code") not in (None, "good"):
        return Say(400, {"error": "invalid_grant", "error_description": "The code is none"})
    return Say(200, {"access_token": f"{CANARY}-at", "refresh_token": f"{CANARY}-rt", "expires_in": 3600})


def make(server: LocalServer) -> HttpAuthenticationRecord:
    return make_authentication(
        "oauth2_authorization_code",
        authorize_url="https://id.example/authorize",
        token_url=f"{server.url}/token",
        client_id="hub",
        client_secret=f"{CANARY}-cs",
        scope="orders",
    )


def connect(client: Client, record: HttpAuthenticationRecord) -> dict[str, str]:
    """Click Connect: what the hub sends the person to the server with."""
    url = reverse("admin:pipelines_httpauthenticationrecord_connect_now", args=(record.pk,))
    answer = client.get(url)
    assert answer.status_code == 302
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://id.example/authorize"
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def come_back(client: Client, **query: str) -> str:
    return client.get("/http/authorized", query, follow=True).content.decode()


def test_a_person_connects_and_the_client_uses_the_token(admin_client: Client):
    with serving(serve) as server:
        record = make(server)
        sent = connect(admin_client, record)
        assert sent["redirect_uri"] == "http://testserver/http/authorized"
        assert (sent["code_challenge_method"], sent["scope"], sent["client_id"]) == ("S256", "orders", "hub")
        page = come_back(admin_client, state=sent["state"], code="good")
        assert "It is connected." in page
        asked = server.seen[0]
        assert challenge(asked.form["code_verifier"]) == sent["code_challenge"]
        assert (asked.form["grant_type"], asked.form["redirect_uri"]) == (
            "authorization_code",
            sent["redirect_uri"],
        )
        (token,) = tokens_of(record.owner)
        assert token.refresh.reveal() == f"{CANARY}-rt"
        assert CANARY not in page
        with open_client(make_client(server.url, authentication=record)) as http:
            assert http.request("GET", "/x").json() == {"seen": f"Bearer {CANARY}-at"}


def test_a_return_counts_once_and_only_in_time_for_who_began(admin_client: Client):
    with serving(serve) as server:
        record = make(server)
        first = connect(admin_client, record)["state"]
        come_back(admin_client, state=first, code="good")
        assert "belongs to no connection" in come_back(admin_client, state=first, code="good")
        late = connect(admin_client, record)["state"]
        HttpAuthorization.objects.update(created_at=timezone.now() - dt.timedelta(minutes=16))
        assert "belongs to no connection" in come_back(admin_client, state=late, code="good")
        mine = connect(admin_client, record)["state"]
        other = Client()
        other.force_login(User.objects.create_superuser("other"))
        assert "belongs to no connection" in come_back(other, state=mine, code="good")
        assert "belongs to no connection" in come_back(admin_client, state="forged", code="good")
        assert len([each for each in server.seen if each.path == "/token"]) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"code": "bad"}, "The code is none"),
        ({"error": "access_denied", "error_description": "The user said no"}, "The user said no"),
        ({}, "there is no code in the address"),
    ],
)
def test_a_refusal_is_told_in_words(admin_client: Client, query: dict[str, str], words: str):
    with serving(serve) as server:
        record = make(server)
        page = come_back(admin_client, state=connect(admin_client, record)["state"], **query)
    assert words in page
    assert tokens_of(record.owner) == []


def test_before_it_is_connected_a_client_says_what_to_do(admin_client: Client):
    with serving(serve) as server:
        client = make_client(server.url, authentication=make(server))
        url = reverse("admin:pipelines_httpclientrecord_test", args=(client.pk,))
        answer = admin_client.post(
            url, {"method": "GET", "path": "/x"}, headers={"X-Requested-With": "fetch"}
        )
    assert "A person has to authorise the connection again" in answer.content.decode()


def test_only_an_authorization_code_is_connected(admin_client: Client, client: Client):
    record = make_authentication("bearer", token=CANARY)
    url = reverse("admin:pipelines_httpauthenticationrecord_connect_now", args=(record.pk,))
    assert admin_client.get(url).status_code == 403
    page = reverse("admin:pipelines_httpauthenticationrecord_change", args=(record.pk,))
    assert url not in admin_client.get(page).content.decode()
    assert client.get("/http/authorized").status_code == 302
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get("/http/authorized").status_code == 403
