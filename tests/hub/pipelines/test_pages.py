"""The pages of clients and authentications: what a person enters, what is shown, what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mageferry.http.config import FieldKind, form_fields
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord, HttpRequestRecord
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES, PLUGIN_TYPES, joined
from tests.http.config import samples
from tests.http.local_server import Say, Seen, serving
from tests.hub.pipelines.builders import make_authentication, make_client

pytestmark = pytest.mark.django_db
CANARY = "canary-9142"
AUTHENTICATIONS = "admin:pipelines_httpauthenticationrecord"
CLIENTS = "admin:pipelines_httpclientrecord"
CLIENT_FIELDS: dict[str, Any] = {
    "name": "ERP", "code": "erp", "enabled": "on", "description": "", "base_uri": "https://erp.example/api",
    "authentication": "", "own-type": "", "abort_on_errors": "on", "expected_statuses": "200-299",
    "log_formatter": "long", "log_keep_days": "30", "log_keep_count": "1000", "verify_tls": "on", "certificates": "",
    "proxy": "", "connect_seconds": "10", "read_seconds": "60", "total_seconds": "300", "max_connections": "20",
    "user_agent": "Mageferry", "plugins-TOTAL_FORMS": "0", "plugins-INITIAL_FORMS": "0",
}  # fmt: skip


def entered(prefix: str, type_name: str, /, **values: Any) -> dict[str, Any]:
    """What a browser posts for a type with its options; those not named as the form shows them at first."""
    kind = {**AUTHENTICATION_TYPES, **PLUGIN_TYPES}[type_name]
    posted: dict[str, Any] = {f"{prefix}-type": type_name}
    for field in form_fields(kind):
        key = f"{prefix}-{type_name}-{field.name}"
        value = values.get(field.name, field.default)
        if field.kind is FieldKind.CHECKBOX:
            posted |= {key: "on"} if value else {}
        elif field.kind is FieldKind.SECRETS:
            pairs = list((value or {}).items())
            posted |= {
                f"{key}-name": [*(n for n, _ in pairs), ""],
                f"{key}-text": [*(t for _, t in pairs), ""],
            }
        elif field.kind is FieldKind.LIST and field.choices:
            posted[key] = [str(each) for each in value]
        else:
            posted[key] = (
                "" if value in (None, {}) else ", ".join(value) if isinstance(value, tuple) else str(value)
            )
    return posted


def add(client: Client, page: str, **values: Any) -> str:
    return client.post(reverse(f"{page}_add"), values, follow=True).content.decode()


@pytest.mark.parametrize("type_name", sorted(AUTHENTICATION_TYPES))
def test_every_type_is_entered_with_all_its_options(admin_client: Client, type_name: str):
    options = dict(samples.AUTHENTICATIONS[type_name])
    if options.get("client"):
        make_client(name="Gate", code="gate")
    texts = {
        name: "\n".join(f"{key}: {text}" for key, text in value.items())
        if name in ("headers", "extra")
        else str(value).replace("'", '"')
        if isinstance(value, dict) and not name.startswith("secret")
        else value
        for name, value in options.items()
    }
    page = add(
        admin_client, AUTHENTICATIONS, name="Login", code="login", **entered("described", type_name, **texts)
    )
    assert "was added successfully" in page, page
    assert samples.CANARY not in page
    record = HttpAuthenticationRecord.objects.get()
    defaults = {field.name: field.default for field in form_fields(AUTHENTICATION_TYPES[type_name])}
    stored = joined(record.settings, record.secrets)
    assert {**defaults, **stored} == {**defaults, **options}
    assert samples.CANARY not in str(record.settings)


def test_only_the_options_of_the_chosen_type_are_shown(admin_client: Client):
    record = make_authentication("bearer", token=CANARY)
    page = admin_client.get(reverse(f"{AUTHENTICATIONS}_change", args=(record.pk,))).content.decode()
    assert '<div class="described-options" data-described-options="bearer">' in page
    assert '<div class="described-options" data-described-options="basic" hidden>' in page
    assert "Stored. Leave empty to keep it." in page
    assert CANARY not in page


def test_without_javascript_a_button_shows_the_options_of_another_type(admin_client: Client):
    page = add(
        admin_client,
        AUTHENTICATIONS,
        name="Login",
        code="login",
        **{"described-type": "basic", "_show-options": "1"},
    )
    assert '<div class="described-options" data-described-options="basic">' in page
    assert "Nothing has been saved yet" in page
    assert not HttpAuthenticationRecord.objects.exists()


def test_a_secret_left_empty_stays_and_goes_only_when_told(admin_client: Client):
    record = make_authentication("basic", username="u", password=CANARY)
    url = reverse(f"{AUTHENTICATIONS}_change", args=(record.pk,))
    posted = {"name": "Login", "code": "login", **entered("described", "basic", username="v")}
    admin_client.post(url, posted)
    record.refresh_from_db()
    assert joined(record.settings, record.secrets) == {"username": "v", "password": CANARY}
    admin_client.post(url, {**posted, "described-basic-password-remove": "on"})
    record.refresh_from_db()
    assert joined(record.settings, record.secrets) == {"username": "v"}


def test_named_secrets_are_kept_replaced_and_removed_by_name(admin_client: Client):
    secrets = {"one": f"{CANARY}-1", "two": f"{CANARY}-2", "three": f"{CANARY}-3"}
    record = make_authentication("request", uri="https://id.example/token", secrets=secrets)
    posted = entered(
        "described", "request", uri="https://id.example/token", secrets={"one": "", "two": "new"}
    )
    admin_client.post(
        reverse(f"{AUTHENTICATIONS}_change", args=(record.pk,)), {"name": "L", "code": "login", **posted}
    )
    record.refresh_from_db()
    assert joined(record.settings, record.secrets)["secrets"] == {"one": f"{CANARY}-1", "two": "new"}


@pytest.mark.parametrize(
    ("type_name", "values", "words"),
    [
        ("bearer", {}, "Is missing."),
        ("request", {"uri": "https://u:secret@id.example"}, "The address has a secret in it"),
        ("request", {"uri": "/t", "parameters": "{"}, "This is no JSON (line 1, column 2)"),
        ("request", {"uri": "/t", "parameters": '{"password": "x"}'}, "enter it under Secret parameters"),
        ("request", {"uri": "/t", "headers": "X-Api-Key: x"}, "enter it under Secret request headers"),
        ("request", {"uri": "/t", "headers": "nonsense"}, "Write one name: value on each line"),
        ("request", {"uri": "/t", "client": "nobody"}, "There is no client with the code nobody"),
        ("request", {"uri": "/t", "template": "&{a"}, "is never closed"),
        ("request", {"uri": "/t", "lifetime_seconds": "soon"}, "Input should be a valid number"),
        ("request", {"uri": "/t", "refused_statuses": "4xx"}, "is no range of statuses"),
    ],
)
def test_what_is_wrong_is_said_at_the_option(
    admin_client: Client, type_name: str, values: dict[str, Any], words: str
):
    page = add(admin_client, AUTHENTICATIONS, name="L", code="l", **entered("described", type_name, **values))
    assert '<p class="described-problem" role="alert">' in page
    assert words in page.replace("&amp;", "&").replace("&#x27;", "'")
    assert not HttpAuthenticationRecord.objects.exists()


def test_what_is_seen_only_when_it_is_used_is_told_after_saving(admin_client: Client):
    page = add(admin_client, AUTHENTICATIONS, name="L", code="l", **entered("described", "jwt", key="short"))
    assert "It is saved, but can&#x27;t be used yet." in page
    assert "32 bytes" in page


def test_a_client_with_ordered_plugins_and_an_authentication_of_its_own(admin_client: Client):
    rows = {
        "plugins-TOTAL_FORMS": "2",
        "plugins-0-position": "2",
        **entered("plugins-0-described", "retry", attempts="7"),
        "plugins-1-position": "1",
        **entered("plugins-1-described", "header_set", headers="X-Stage: test", secrets={"X-Key": CANARY}),
    }
    page = add(admin_client, CLIENTS, **{**CLIENT_FIELDS, **rows, **entered("own", "bearer", token=CANARY)})
    assert "was added successfully" in page, page
    client = HttpClientRecord.objects.get()
    assert [(row.type, row.settings) for row in client.plugins.all()] == [
        ("header_set", {"headers": {"X-Stage": "test"}}),
        ("retry", {"attempts": 7}),
    ]
    assert client.own_type == "bearer"
    change = admin_client.get(reverse(f"{CLIENTS}_change", args=(client.pk,))).content.decode()
    assert "Ready." in change
    assert CANARY not in change


def test_a_plugin_is_removed_and_another_keeps_its_secret(admin_client: Client):
    client = make_client(plugins=(("retry", {}), ("header_set", {"secrets": {"X-Key": CANARY}})))
    first, second = client.plugins.all()
    rows = {
        "plugins-TOTAL_FORMS": "2", "plugins-INITIAL_FORMS": "2",
        "plugins-0-id": str(first.pk), "plugins-0-client": str(client.pk), "plugins-0-position": "0",
        "plugins-0-DELETE": "on", **entered("plugins-0-described", "retry"),
        "plugins-1-id": str(second.pk), "plugins-1-client": str(client.pk), "plugins-1-position": "5",
        **entered("plugins-1-described", "header_set", secrets={"X-Key": ""}),
    }  # fmt: skip
    answer = admin_client.post(reverse(f"{CLIENTS}_change", args=(client.pk,)), {**CLIENT_FIELDS, **rows})
    assert answer.status_code == 302, answer.content.decode()
    (row,) = client.plugins.all()
    assert (row.position, joined(row.settings, row.secrets)) == (5, {"secrets": {"X-Key": CANARY}})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"base_uri": "erp.example"}, "Write it as https://host/path"),
        ({"base_uri": "https://u:p@erp.example"}, "enter that as an authentication"),
        ({"expected_statuses": "fine"}, "is no range of statuses"),
        ({"certificates": "nonsense"}, "paste them as PEM text"),
        ({"proxy": "proxy.example"}, "Write the proxy as http://host:port"),
        ({"code": "With Blanks"}, "Write a code of small letters"),
        ({"read_seconds": "0"}, "greater than or equal to 0.1"),
    ],
)
def test_fields_of_a_client_are_checked(admin_client: Client, values: dict[str, str], words: str):
    page = add(admin_client, CLIENTS, **{**CLIENT_FIELDS, **values})
    assert words in page.replace("&#x27;", "'")
    assert not HttpClientRecord.objects.exists()


def test_a_stored_authentication_and_an_own_one_are_too_much(admin_client: Client):
    login = make_authentication("bearer", token=CANARY)
    values = {**CLIENT_FIELDS, "authentication": login.pk, **entered("own", "bearer", token=CANARY)}
    assert "Choose a stored authentication or enter one of its own" in add(admin_client, CLIENTS, **values)


def press(client: Client, record: HttpClientRecord, fetch: bool = True, **values: str) -> str:
    url = reverse("admin:pipelines_httpclientrecord_test", args=(record.pk,))
    headers = {"X-Requested-With": "fetch"} if fetch else {}
    posted = {"method": "GET", "path": "/x", "headers": "", "query": "", "body": "", **values}
    return client.post(url, posted, headers=headers).content.decode()


def test_the_test_panel_sends_for_real_and_masks(admin_client: Client):
    def serve(request: Seen) -> Say:
        if request.path == "/token":
            return Say(200, f"{CANARY}-token")
        return Say(201, {"access_token": f"{CANARY}-other", "sku": "A"}, {"X-Answer": "1"})

    with serving(serve) as server:
        record = make_client(
            server.url,
            own=("request", {"uri": "/token", "parameters": {"u": "hub"}, "secrets": {"p": CANARY}}),
        )
        answer = press(
            admin_client, record, method="POST", query=f"api_key: {CANARY}-q\nb: 2", headers="X-Trace: 5",
            body='{"a": 1}',
        )  # fmt: skip
        page = press(admin_client, record, fetch=False)
    sent = server.seen[1]
    assert (sent.method, sent.query, sent.body) == ("POST", {"api_key": f"{CANARY}-q", "b": "2"}, b'{"a": 1}')
    assert sent.headers["authorization"] == f"Bearer {CANARY}-token"
    for text in (
        "Authorization: Bearer ********",
        "X-Trace: 5",
        "X-Answer: 1",
        "201",
        " ms",
        "Stored token: since",
    ):
        assert text.lower() in answer.lower(), text
    assert "api_key=********" in answer
    assert "sku" in answer
    assert CANARY not in answer + page
    assert "<html" in page
    assert "<html" not in answer
    assert HttpRequestRecord.objects.count() == 3


@pytest.mark.parametrize(
    ("base_uri", "words"),
    [
        ("http://127.0.0.1:9", "The server cannot be reached"),
        ("http://10.9.8.7", "which may not be asked from here"),
    ],
)
def test_what_goes_wrong_in_a_test_is_said_in_words(admin_client: Client, base_uri: str, words: str):
    answer = press(admin_client, make_client(base_uri))
    assert words in answer
    assert "Traceback" not in answer


def test_an_error_status_is_told_with_the_answer(admin_client: Client):
    with serving(lambda _: Say(404, {"message": "No such order"})) as server:
        answer = press(admin_client, make_client(server.url))
    assert "The server answered 404: No such order" in answer
    assert '<span class="trial-status bad">404</span>' in answer


def test_a_test_with_what_cannot_be_read_is_not_sent(admin_client: Client):
    with serving(lambda _: Say(200)) as server:
        assert "Write one name: value" in press(admin_client, make_client(server.url), headers="nonsense")
        assert server.seen == []


def test_only_who_may_change_clients_may_send(client: Client):
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_httpclientrecord"))
    client.force_login(user)
    with serving(lambda _: Say(200)) as server:
        record = make_client(server.url)
        assert "403" in press(client, record)
        page = client.get(reverse(f"{CLIENTS}_change", args=(record.pk,))).content.decode()
        assert "data-trial" not in page
        assert server.seen == []


def test_copies_have_the_secrets_and_sign_in_for_themselves(admin_client: Client):
    login = make_authentication("bearer", token=CANARY)
    record = make_client(
        plugins=(("header_set", {"secrets": {"X-Key": CANARY}}),), own=("basic", {"username": "u"})
    )
    admin_client.get(reverse("admin:pipelines_httpauthenticationrecord_duplicate", args=(login.pk,)))
    admin_client.get(reverse("admin:pipelines_httpclientrecord_duplicate", args=(record.pk,)))
    copy = HttpAuthenticationRecord.objects.get(code="login-copy")
    assert (copy.name, copy.secrets.reveal()) == ("Login (copy)", login.secrets.reveal())
    assert copy.revision != login.revision
    other = HttpClientRecord.objects.get(code="erp-copy")
    assert other.plugins.get().secrets == record.plugins.get().secrets
    assert other.own_type == "basic"


def test_requests_are_searched_and_read(admin_client: Client):
    with serving(lambda request: Say(404 if "gone" in request.path else 200, {"note": "needle"})) as server:
        record = make_client(server.url, log_formatter="full")
        press(admin_client, record, path="/gone")
        press(admin_client, record, path="/here")
    url = reverse("admin:pipelines_httprequestrecord_changelist")
    for query, count in (
        ("", 2), ("q=needle", 2), ("q=gone", 1), ("answer=4", 1), ("answer=none", 0), ("method=GET", 2),
        (f"client__id__exact={record.pk}", 2), ("sent_at_from_0=2020-01-01&sent_at_from_1=00:00:00", 2),
        ("sent_at_to_0=2020-01-01&sent_at_to_1=00:00:00", 0),
    ):  # fmt: skip
        page = admin_client.get(f"{url}?{query}").content.decode()
        assert page.count("field-elapsed_ms") == count, query
    row = HttpRequestRecord.objects.first()
    assert row is not None
    page = admin_client.get(
        reverse("admin:pipelines_httprequestrecord_change", args=(row.pk,))
    ).content.decode()
    assert "needle" in page
