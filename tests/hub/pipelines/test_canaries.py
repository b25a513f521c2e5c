"""Secrets everywhere a person can enter one, and in what servers answer: none of them may be found anywhere."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.contrib.admin import site
from django.core.serializers import serialize
from django.db import connection
from django.test import Client
from django.urls import reverse
from typer.testing import CliRunner

from mageferry.cli.main import app
from mageferry.http.plugins.log import LogFormat
from mageferry.hub.logs import logging_settings
from mageferry.hub.pipelines.clients import close_clients, open_client
from mageferry.hub.pipelines.models import HttpClientRecord, HttpRequestRecord
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES
from mageferry.hub.pipelines.trial import Call, send_call
from mageferry.hub.transfer import export_lines, import_lines
from tests.http.config import samples
from tests.http.local_server import Say, Seen, serving
from tests.hub.pipelines.builders import make_authentication, make_client
from tests.hub.pipelines.test_pages import CLIENT_FIELDS, entered

pytestmark = pytest.mark.django_db
# Every secret in this test has this in it, whatever surrounds it.
CANARY = samples.CANARY


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    """Everything that is logged, in the form for people, from the level that tells most."""
    stream = io.StringIO()
    settings = logging_settings("DEBUG", "text")
    handler = logging.StreamHandler(stream)
    formatter = dict(settings["formatters"]["event"])
    handler.setFormatter(formatter.pop("()")(**formatter))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


class Gossip:
    """A server that repeats what it was told and adds secrets of its own, by every means it has."""

    def __init__(self) -> None:
        self.status = 200

    def __call__(self, request: Seen) -> Say:
        if "token" in request.path:
            answer: Any = {"access_token": f"{CANARY}-at", "refresh_token": f"{CANARY}-rt", "expires_in": 60}
            if "bare" in request.path:
                answer = f"{CANARY}-bare-token"
            return Say(self.status if "broken" in request.path else 200, answer)
        told = {
            "message": f"Bad key: password={CANARY}-in-words",
            "echo": request.headers["authorization"] or "",
            "echoed_key": request.headers["x-odd"] or "",
            "echoed_body": request.body.decode("utf-8", "replace"),
            "query": request.target,
            "data": {"api_key": f"{CANARY}-deep", "items": [{"secret": f"{CANARY}-deeper"}]},
        }
        headers = {"Set-Cookie": f"session={CANARY}-cookie", "X-Auth-Token": f"{CANARY}-header"}
        return Say(self.status, told, headers)


def options_for(type_name: str, url: str) -> dict[str, Any]:
    """The sample of a type with its addresses at this server, so that it is really used."""
    options = {name: value for name, value in samples.AUTHENTICATIONS[type_name].items() if name != "client"}
    if type_name == "request":
        options |= {"uri": f"{url}/token", "template": "Token &{access_token}", "header": "Authorization"}
        options |= {"expires_in": "&{expires_in}", "refused": "", "encoder": "json"}
    if "token_url" in options:
        options |= {"token_url": f"{url}/token", "assertion_algorithm": ""}
    if type_name == "oauth1":
        options |= {"signature_method": "HMAC-SHA256"}
    if type_name == "magento_admin_token":
        options |= {"endpoint": url, "totp_secret": ""}
    if type_name == "magento_integration":
        options |= {"endpoint": url}
    return options


PLUGINS = (
    ("header_set", {"secrets": {"X-Odd": f"{CANARY}-odd"}}),
    ("query_defaults", {"secrets": {"odd": f"{CANARY}-query"}}),
)
CALL = Call(
    "POST",
    "/orders",
    {"X-Api-Key": f"{CANARY}-own-header"},
    {"api_key": f"{CANARY}-own-query"},
    orjson.dumps({"password": f"{CANARY}-own-body", "sku": "A"}).decode(),
)


def places(client: Client) -> Iterator[tuple[str, str]]:
    """Every place where something can be read, with what is in it."""
    for model in apps.get_app_config("pipelines").get_models():
        yield f"table {model.__name__}", "".join(dump_table(model._meta.db_table))
        yield f"serialised {model.__name__}", serialize("json", model._default_manager.all())
        if not site.is_registered(model):
            continue
        name = f"admin:pipelines_{model._meta.model_name}"
        yield f"list of {name}", client.get(reverse(f"{name}_changelist")).content.decode()
        for record in model._default_manager.order_by("pk")[:12]:
            for page in ("change", "history"):
                yield (
                    f"{page} of {name}",
                    client.get(reverse(f"{name}_{page}", args=(record.pk,))).content.decode(),
                )
    for table in ("django_session", "django_admin_log", "work_unit"):
        if table in connection.introspection.table_names():
            yield table, "".join(dump_table(table))
    yield "export", b"".join(export_lines()).decode()
    for path in ("clients", "authentications"):
        listed = client.get(f"/api/http/{path}").json()["items"]
        for each in listed:
            yield f"API {path}", client.get(f"/api/http/{path}/{each['code']}").content.decode()
    for record in HttpClientRecord.objects.all():
        yield "API requests", client.get(f"/api/http/clients/{record.code}/requests").content.decode()
    yield "command line", CliRunner().invoke(app, ["http", "list"]).output


def leaks(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The places with a secret, each with what stands around it."""
    return [
        (place, text[max(0, text.index(CANARY) - 60) : text.index(CANARY) + 40])
        for place, text in found
        if CANARY in text
    ]


def dump_table(table: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        yield from map(repr, cursor.fetchall())


def use(record: HttpClientRecord, client: Client) -> Iterator[tuple[str, str]]:
    """Send with a client in every way there is; what was said about it, and how it failed."""
    outcome = send_call(record, CALL)
    yield "outcome", repr(outcome)
    test_url = reverse("admin:pipelines_httpclientrecord_test", args=(record.pk,))
    posted = {
        "method": CALL.method, "path": CALL.path, "body": CALL.body,
        "headers": "\n".join(f"{name}: {value}" for name, value in CALL.headers.items()),
        "query": "\n".join(f"{name}: {value}" for name, value in CALL.query.items()),
    }  # fmt: skip
    fetched = client.post(test_url, posted, headers={"X-Requested-With": "fetch"})
    yield "test panel", fetched.content.decode()
    body = {
        "method": "POST",
        "path": CALL.path,
        "headers": CALL.headers,
        "query": CALL.query,
        "body": CALL.body,
    }
    answer = client.post(f"/api/http/clients/{record.code}/test", body, content_type="application/json")
    yield "API test", answer.content.decode()
    yield "command line", CliRunner().invoke(app, ["http", "test", record.code, "/orders"]).output
    try:
        with open_client(record) as http:
            yield "shown client", repr(http.request("GET", "/orders"))
            yield "shown configuration", repr(http.config)
    except Exception as error:
        yield "traceback", "".join(traceback.format_exception(error))
        yield "error", f"{error!r} {vars(error)}".replace(repr(getattr(error, "content", b"")), "")


@pytest.mark.parametrize("type_name", sorted(AUTHENTICATION_TYPES))
def test_no_secret_of_an_authentication_is_found_anywhere(
    admin_client: Client, log_text: io.StringIO, type_name: str
):
    gossip = Gossip()
    found: list[tuple[str, str]] = []
    with serving(gossip) as server:
        options = options_for(type_name, server.url)
        login = make_authentication(type_name, **options)
        for style, status in zip(LogFormat, (200, 401, 500, 200), strict=True):
            code = f"{style}-{status}"
            record = make_client(
                server.url, name=code, code=code, log_formatter=style, authentication=login, plugins=PLUGINS
            )
            gossip.status = status
            found += use(record, admin_client)
            close_clients()
        own = make_client(server.url, name="Own", code="own", own=(type_name, options), log_formatter="full")
        gossip.status = 200
        found += use(own, admin_client)
    assert HttpRequestRecord.objects.count() >= 25
    found += places(admin_client)
    found.append(("log", log_text.getvalue()))
    assert not leaks(found)


@pytest.mark.parametrize("path", ["/token/broken", "/token/bare", "/gone"])
def test_sign_ins_that_fail_tell_no_secret(admin_client: Client, log_text: io.StringIO, path: str):
    gossip = Gossip()
    gossip.status = 400
    found: list[tuple[str, str]] = []
    with serving(gossip) as server:
        for type_name in ("request", "oauth2_client_credentials", "oauth2_refresh"):
            options = options_for(type_name, server.url)
            options["uri" if type_name == "request" else "token_url"] = f"{server.url}{path}"
            own = (type_name, options)
            record = make_client(
                server.url, name=type_name, code=type_name.replace("_", "-"), own=own, log_formatter="full"
            )
            found += use(record, admin_client)
    found += [*places(admin_client), ("log", log_text.getvalue())]
    assert not leaks(found)


def test_addresses_and_forms_that_are_refused_repeat_no_secret(admin_client: Client, log_text: io.StringIO):
    page = admin_client.post(
        reverse("admin:pipelines_httpclientrecord_add"),
        {
            **CLIENT_FIELDS,
            "name": "",
            "proxy": f"{CANARY}-proxy",
            **entered("own", "bearer", token=f'"{CANARY}"'),
        },
    ).content.decode()
    assert "Write the proxy as http://host:port" in page
    line = {
        "kind": "http_authentication",
        "code": "a",
        "name": "A",
        "type": "bearer",
        "options": {"token": [CANARY]},
    }
    report = import_lines(orjson.dumps(line), dry_run=False)
    answer = admin_client.post(
        "/api/http/authentications",
        {"code": "a", "name": "A", "type": "jwt", "options": {"key": {"x": CANARY}, "algorithm": "HS256"}},
        content_type="application/json",
    )
    assert report.refused
    assert answer.status_code == 422
    texts = (page, repr(report), answer.content.decode(), log_text.getvalue())
    assert not [text for text in texts if CANARY in text]
