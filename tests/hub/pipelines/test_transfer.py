"""Exports and imports: all but the secrets goes over, a dry run tells what would happen, wrong lines are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from typer.testing import CliRunner, Result

from mageferry.cli.main import app
from mageferry.hub.pipelines.documents import client_document
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord
from mageferry.hub.pipelines.options import joined
from mageferry.hub.transfer import export_lines, import_lines
from tests.http.local_server import Say, serving
from tests.hub.pipelines.builders import make_authentication, make_client

pytestmark = pytest.mark.django_db
CANARY = "canary-3377"


def make_both() -> HttpClientRecord:
    login = make_authentication(
        "request", uri="/token", secrets={"password": f"{CANARY}-1"}, parameters={"username": "hub"}
    )
    return make_client(
        authentication=login,
        plugins=(("header_set", {"secrets": {"X-Key": f"{CANARY}-2"}}), ("retry", {"attempts": 2})),
        proxy=f"http://u:{CANARY}@127.0.0.1:1",
    )


def delete_all() -> None:
    HttpClientRecord.objects.all().delete()
    HttpAuthenticationRecord.objects.all().delete()


def test_an_export_has_everything_but_the_secrets_and_names_them():
    make_both()
    lines = list(export_lines())
    assert CANARY.encode() not in b"".join(lines)
    login, client = (orjson.loads(line) for line in lines)
    assert (login["kind"], login["code"]) == ("http_authentication", "login")
    assert login["options"] == {"uri": "/token", "parameters": {"username": "hub"}, "secrets": {}}
    assert login["secrets_to_enter"] == ["options.secrets.password"]
    assert client["authentication"] == "login"
    assert client["plugins"] == [{"type": "header_set", "secrets": {}}, {"type": "retry", "attempts": 2}]
    assert client["secrets_to_enter"] == ["plugins[0].secrets.X-Key", "proxy"]


def test_an_import_makes_what_was_exported_and_says_what_is_to_be_entered():
    before = make_both()
    content = b"".join(export_lines())
    shown = client_document(before)
    delete_all()
    report = import_lines(content, dry_run=False)
    assert report.stored, report
    assert [(line.code, line.action) for line in report.lines] == [("login", "created"), ("erp", "created")]
    assert report.lines[0].secrets_to_enter == ["options.secrets.password"]
    assert report.lines[1].secrets_to_enter == ["plugins[0].secrets.X-Key", "proxy"]
    again = client_document(HttpClientRecord.objects.get())
    assert again == {
        **shown,
        "proxy": None,
        "plugins": [{"type": "header_set"}, {"type": "retry", "attempts": 2}],
    }


def test_a_second_import_changes_nothing_and_keeps_the_secrets():
    client = make_both()
    report = import_lines(b"".join(export_lines()), dry_run=False)
    assert [(line.action, line.secrets_to_enter) for line in report.lines] == [("unchanged", [])] * 2
    client.refresh_from_db()
    assert client.proxy.reveal() == f"http://u:{CANARY}@127.0.0.1:1"
    row = client.plugins.get(type="header_set")
    assert joined(row.settings, row.secrets)["secrets"] == {"X-Key": f"{CANARY}-2"}
    login = HttpAuthenticationRecord.objects.get()
    assert joined(login.settings, login.secrets)["secrets"] == {"password": f"{CANARY}-1"}


def test_a_dry_run_lists_the_changes_and_stores_nothing():
    make_both()
    content = (
        b"".join(export_lines()).replace(b'"name":"ERP"', b'"name":"ERP 2"').replace(b"/token", b"/login")
    )
    report = import_lines(content, dry_run=True)
    assert [(line.action, line.changed) for line in report.lines] == [
        ("changed", ["options"]),
        ("changed", ["name"]),
    ]
    assert not report.stored
    assert HttpClientRecord.objects.get().name == "ERP"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "this is no JSON (column 2)"),
        (b"[]", "a line is an object with a kind"),
        (b'{"kind": "order"}', "a line is an object with a kind"),
        (b'{"kind": "http_client", "name": "A"}', "code: field required"),
        (b'{"kind": "http_client", "name": "A", "code": "a", "colour": 1}', "colour: extra inputs"),
        (b'{"kind": "http_client", "name": "A", "code": "A B"}', "code: Write a code of small letters"),
        (b'{"kind": "http_client", "name": "A", "code": "a", "base_uri": "x"}', "base_uri: The base URI"),
        (
            b'{"kind": "http_client", "name": "A", "code": "a", "authentication": "nobody"}',
            "there is no HTTP authentication 'nobody'",
        ),
        (
            b'{"kind": "http_client", "name": "A", "code": "a", "plugins": [{"type": "retry", "attempts": 0}]}',
            "plugins[0].attempts: input should be greater",
        ),
        (
            b'{"kind": "http_client", "name": "A", "code": "a", "plugins": [{"type": "x"}]}',
            "plugins[0].type: there is no such type",
        ),
        (
            b'{"kind": "http_authentication", "name": "A", "code": "a", "type": "x"}',
            "type: there is no such type",
        ),
        (
            b'{"kind": "http_authentication", "name": "A", "code": "a", "type": "basic"}',
            "options.username: is missing",
        ),
        (
            b'{"kind": "http_authentication", "name": "A", "code": "a", "type": "request", '
            b'"options": {"uri": "/t", "headers": {"X-Api-Key": "canary-3377"}}}',
            "enter it under Secret request headers",
        ),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_stored(line: bytes, words: str):
    good = b'{"kind": "http_client", "name": "Good", "code": "good"}'
    report = import_lines(good + b"\n\n" + line, dry_run=False)
    assert [(each.number, each.action) for each in report.lines] == [(1, "created"), (3, "refused")]
    assert words in report.lines[1].problems[0]
    assert CANARY not in str(report)
    assert not report.stored
    assert not HttpClientRecord.objects.exists()


def test_clients_may_come_before_what_they_sign_in_with():
    make_both()
    content = b"".join(reversed(list(export_lines())))
    delete_all()
    assert import_lines(content, dry_run=False).stored


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_the_command_line_lists_exports_and_imports(tmp_path: Path):
    make_both()
    file = tmp_path / "http.ndjson"
    assert "2 lines written" in run("config", "export", str(file)).output
    assert run("config", "export").output.encode() == file.read_bytes()
    listed = run("http", "list").output
    assert "erp" in listed
    delete_all()
    dry = run("config", "import", str(file), "--dry-run")
    assert "this was a dry run" in dry.output
    assert not HttpClientRecord.objects.exists()
    done = run("config", "import", str(file))
    assert (done.exit_code, "It is stored." in done.output) == (0, True)
    assert "To be entered: options.secrets.password" in done.output
    file.write_text("{")
    wrong = run("config", "import", str(file))
    assert (wrong.exit_code, "this is no JSON" in wrong.output) == (1, True)
    assert "Can't read" in run("config", "import", str(tmp_path / "nothing")).output


def test_the_command_line_tries_a_client():
    with serving(lambda request: Say(200, {"token": CANARY, "path": request.path})) as server:
        make_client(server.url)
        answer = run("http", "test", "erp", "/orders")
    assert answer.exit_code == 0, answer.output
    assert '"path":"/orders"' in answer.output
    assert CANARY not in answer.output
    make_client("http://127.0.0.1:9", name="Gone", code="gone")
    gone = run("http", "test", "gone")
    assert (gone.exit_code, "cannot be reached" in gone.output) == (1, True)
    assert "There are: erp" in run("http", "test", "nobody").output


def test_the_browser_shows_what_an_import_would_do_and_then_does_it(admin_client: Client):
    make_both()
    content = admin_client.get(reverse("admin:pipelines_httpclientrecord_export_everything")).content
    assert content == b"".join(export_lines())
    chosen = admin_client.post(
        reverse("admin:pipelines_httpclientrecord_changelist"),
        {"action": "export_chosen", "_selected_action": [str(HttpClientRecord.objects.get().pk)]},
    )
    assert chosen.content == content
    delete_all()
    url = reverse("admin:pipelines_httpclientrecord_import_records")
    page = admin_client.post(url, {"file": SimpleUploadedFile("http.ndjson", content)}).content.decode()
    assert "Nothing is stored yet" in page
    assert not HttpClientRecord.objects.exists()
    page = admin_client.post(url, {"text": content.decode(), "store": "1"}).content.decode()
    assert "It is stored." in page
    assert HttpClientRecord.objects.exists()
    assert "Choose a file, or paste its lines" in admin_client.post(url, {}).content.decode()


def call(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = client.generic(
        method, f"/api/{path}", orjson.dumps(body) if body is not None else b"", "application/json"
    )
    assert CANARY not in answer.content.decode()
    return answer.status_code, answer.json() if answer.content else None


def test_the_api_stores_changes_tries_and_deletes(admin_client: Client):
    login = {"code": "login", "name": "Login", "type": "bearer", "options": {"token": CANARY}}
    assert call(admin_client, "POST", "http/authentications", login)[0] == 201
    with serving(lambda request: Say(200, {"seen": request.headers["x-key"]})) as server:
        client = {
            "code": "erp",
            "name": "ERP",
            "base_uri": server.url,
            "authentication": "login",
            "plugins": [{"type": "header_set", "secrets": {"X-Key": f"{CANARY}-2"}}],
        }
        status, made = call(admin_client, "POST", "http/clients", client)
        assert (status, made["problems"]) == (201, [])
        assert made["document"]["plugins"] == [{"type": "header_set", "secrets": {"X-Key": "********"}}]
        changed = {**made["document"], "name": "Renamed"}
        assert call(admin_client, "PUT", "http/clients/erp", changed)[0] == 200
        status, outcome = call(
            admin_client, "POST", "http/clients/erp/test", {"path": "/x", "query": {"a": "1"}}
        )
        assert (status, outcome["error"], outcome["sent"][0]["status"]) == (200, "", 200)
    assert server.seen[0].headers["x-key"] == f"{CANARY}-2"
    assert server.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    assert call(admin_client, "GET", "http/clients/erp/requests?status=200&method=get")[1]["count"] == 1
    assert call(admin_client, "GET", "http/clients")[1]["items"] == [{"code": "erp", "name": "Renamed"}]
    assert call(admin_client, "DELETE", "http/authentications/login") == (
        409,
        {"message": "It is used by: erp. Change them first."},
    )
    assert call(admin_client, "DELETE", "http/clients/erp")[0] == 204
    assert call(admin_client, "DELETE", "http/authentications/login")[0] == 204


def test_the_api_says_what_is_wrong_with_its_field(admin_client: Client):
    status, answer = call(
        admin_client,
        "POST",
        "http/authentications",
        {"code": "a", "name": "A", "type": "basic", "options": {}},
    )
    assert (status, answer["problems"]) == (
        422,
        [{"field": "options.username", "message": "is missing. Give it a value"}],
    )
    status, answer = call(admin_client, "POST", "http/clients", {"code": "a", "name": "A", "proxy": CANARY})
    assert (status, answer["problems"][0]["field"]) == (422, "proxy")
    status, answer = call(admin_client, "POST", "http/clients", {"code": "a", "name": "A", "x": CANARY})
    assert status == 422
    assert call(admin_client, "PUT", "http/clients/none", {"code": "a", "name": "A"})[0] == 404


def test_an_import_over_the_api_is_a_dry_run_unless_told(admin_client: Client):
    line = {"kind": "http_client", "code": "a", "name": "A"}
    assert call(admin_client, "POST", "config/import", line)[1]["stored"] is False
    assert call(admin_client, "POST", "config/import?dry_run=false", line)[1]["stored"] is True
    assert call(admin_client, "POST", "config/import?dry_run=false", {"kind": "x"})[0] == 422
    assert admin_client.get("/api/config/export").content == b"".join(export_lines())
