"""Tokens of HTTP clients: one sign-in for all threads and processes, renewed once, then an error in words."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from mageferry.http import SignInRefused
from mageferry.hub.configuration import configuration
from mageferry.hub.pipelines.clients import close_clients, open_client
from mageferry.hub.pipelines.models import HttpClientRecord, HttpToken
from mageferry.hub.pipelines.vault import drop_tokens, tokens_of
from tests.http.local_server import Say, Seen, serving
from tests.hub.pipelines.builders import make_authentication, make_client
from tests.hub.work.installation import ROOT, database_url

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "canary-7731"
PAST = "2020-01-01T00:00:00Z"


@dataclass(slots=True)
class TokenShop:
    """Gives out tokens as bare strings or as OAuth 2.0 does, and wants the newest."""

    issued: int = 0
    refuses: bool = False
    forms: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Seen) -> Say:
        with self.lock:
            return self._answer(request)

    def _answer(self, request: Seen) -> Say:
        if request.path == "/token":
            self.issued += 1
            return Say(200, f"{CANARY}-{self.issued}")
        if request.path == "/oauth":
            self.issued += 1
            self.forms.append(request.form)
            return Say(
                200,
                {
                    "access_token": f"{CANARY}-{self.issued}",
                    "refresh_token": f"r{CANARY}-{self.issued}",
                    "expires_in": 3600,
                },
            )
        good = request.headers["authorization"] == f"Bearer {CANARY}-{self.issued}" and not self.refuses
        return Say(200, {"ok": 1}) if good else Say(401, {"message": "no"})


def make_pair(url: str, **options: Any) -> HttpClientRecord:
    defaults = {"uri": f"{url}/token", "parameters": {"username": "u"}, "secrets": {"password": CANARY}}
    return make_client(url, authentication=make_authentication("request", **{**defaults, **options}))


def ask(pk: int, path: str = "/x") -> int:
    try:
        with open_client(HttpClientRecord.objects.get(pk=pk)) as http:
            return http.request("GET", path).status
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


def test_64_threads_on_one_expired_token_sign_in_once():
    shop = TokenShop()
    with serving(shop) as server:
        client = make_pair(server.url, lifetime_seconds=3600)
        ask(client.pk)
        HttpToken.objects.update(expires_at=PAST)
        close_clients()
        shop.issued = 100
        with ThreadPoolExecutor(64) as pool:
            assert set(pool.map(ask, [client.pk] * 64)) == {200}
    assert shop.issued == 101


def test_processes_share_a_token():
    shop = TokenShop()
    with serving(shop) as server:
        make_pair(server.url)
        environment = {
            **os.environ,
            "MAGEFERRY_HOME": str(configuration().home),
            "MAGEFERRY_DATABASE_URL": database_url(),
        }
        command = [sys.executable, "-m", "tests.hub.pipelines.token_process", "erp", "/x", "8"]
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert answers == [["200"] * 8] * 3
    assert shop.issued == 1


def test_a_refused_token_is_dropped_and_asked_for_once_more():
    shop = TokenShop()
    with serving(shop) as server:
        client = make_pair(server.url)
        ask(client.pk)
        shop.issued = 7  # the one given out no longer counts
        assert ask(client.pk) == 200
        assert shop.issued == 8
        (token,) = tokens_of("authentication:login")
        assert token.token.reveal() == f"Bearer {CANARY}-8"


def test_a_new_token_that_is_refused_too_is_an_error_in_words():
    shop = TokenShop(refuses=True)
    with serving(shop) as server:
        client = make_pair(server.url)
        with pytest.raises(SignInRefused, match="refuses the token right after it was given out"):
            ask(client.pk)
    assert shop.issued == 2


def test_a_token_outlives_the_process_and_is_stored_encrypted():
    shop = TokenShop()
    with serving(shop) as server:
        client = make_pair(server.url)
        ask(client.pk)
        close_clients()
        assert ask(client.pk) == 200
        assert shop.issued == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, refresh FROM http_token")
        assert CANARY not in str(cursor.fetchall())


def test_a_changed_sign_in_uses_no_token_of_the_old_one():
    shop = TokenShop()
    with serving(shop) as server:
        client = make_pair(server.url)
        ask(client.pk)
        authentication = client.authentication
        assert authentication is not None
        authentication.revision = "another"
        authentication.save()
        ask(client.pk)
        assert shop.issued == 2
        assert drop_tokens(authentication.owner) == 2


def test_oauth2_refreshes_with_the_token_it_was_given():
    shop = TokenShop()
    with serving(shop) as server:
        client = make_client(
            server.url,
            own=(
                "oauth2_password",
                {
                    "token_url": f"{server.url}/oauth",
                    "client_id": "hub",
                    "username": "u",
                    "password": CANARY,
                },
            ),
        )
        ask(client.pk)
        HttpToken.objects.update(expires_at=timezone.now())
        close_clients()
        assert ask(client.pk) == 200
    assert [form["grant_type"] for form in shop.forms] == ["password", "refresh_token"]
    assert shop.forms[1]["refresh_token"] == f"r{CANARY}-1"


def test_what_may_not_be_asked_is_refused(monkeypatch: pytest.MonkeyPatch):
    chosen = configuration().model_copy(update={"outbound_networks": ()})
    monkeypatch.setattr("mageferry.hub.security.outbound.configuration", lambda: chosen)
    with serving(TokenShop()) as server:
        client = make_pair(server.url)
        with pytest.raises(Exception, match="leads to this machine itself, which may not be asked from here"):
            ask(client.pk)
        assert server.seen == []
