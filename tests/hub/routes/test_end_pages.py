"""Incomings and outgoings in the browser: entered, tried before they are saved, refused at their options."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from mageferry.http.redaction import MASK
from mageferry.hub.configuration import configuration
from mageferry.hub.routes.building import INCOMING_OUTLINES, OUTGOING_OUTLINES
from mageferry.hub.routes.models import Incoming, Outgoing, RouteTask
from mageferry.hub.routes.runner import run_route
from tests.http.local_server import Say
from tests.hub.pipelines.builders import make_client
from tests.hub.routes.builders import READ_ORDERS, SEND_ORDER, make_outgoing, make_route, order
from tests.hub.routes.erp import Erp
from tests.hub.routes.people import operator, stranger, viewer
from tests.hub.routes.test_chains import CHAIN

CANARY = "canary-5517"
HOOK: dict[str, Any] = {
    "signature": {"secret": CANARY, "header": "X-Sign"},
    "entities": {"identifier": ["id"]},
}


def entered(type_name: str, settings: Any, **changes: Any) -> dict[str, Any]:
    """What a browser posts."""
    text = settings if isinstance(settings, str) else json.dumps(settings)
    return {
        "name": "Orders in",
        "code": "orders-in",
        "enabled": "on",
        "type": type_name,
        "described": text,
        **changes,
    }


def add(client: Client, model: str, posted: dict[str, Any]) -> str:
    return client.post(reverse(f"admin:routes_{model}_add"), posted, follow=True).content.decode()


def ask(client: Client, model: str, name: str, posted: dict[str, Any], pk: int = 0) -> dict[str, Any]:
    answer = client.post(reverse(f"admin:routes_{model}_{name}", args=(pk,)), posted)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_an_incoming_is_entered_with_its_transformers(erp: Erp) -> None:
    client = make_client(erp.url)
    listed = [{"type": "set", "target": "shop", "value": "A"}]
    page = add(
        operator(), "incoming", entered("http", {**READ_ORDERS, "transformers": listed}, client=client.pk)
    )
    assert "was added successfully" in page
    made = Incoming.objects.get()
    assert (made.settings, made.transformers, made.client) == (READ_ORDERS, listed, client)


@pytest.mark.django_db
def test_what_is_wrong_is_told_at_its_option_and_nothing_typed_is_lost(admin_client: Client) -> None:
    given = {
        "request": {"method": "FETCH IT"},
        "transformers": [{"type": "set", "target": "a["}],
        "typo": 1,
    }
    page = add(admin_client, "incoming", entered("http", given))
    assert "request.path: Is missing. Give it a value." in page
    assert "transformers[0].value: Is missing" in page
    assert "typo: There is no such option" in page
    assert "An HTTP client is needed. Choose one." in page
    assert "FETCH IT" in page
    assert "This is no JSON (line 1, column 2)" in add(admin_client, "incoming", entered("http", "{nonsense"))
    assert not Incoming.objects.exists()


@pytest.mark.django_db
def test_secrets_are_written_and_never_read(admin_client: Client) -> None:
    page = add(admin_client, "incoming", entered("webhook", {**HOOK, "typo": 1}))
    assert "Enter it again: what is typed here is never shown." in page
    assert CANARY not in page
    add(admin_client, "incoming", entered("webhook", HOOK))
    made = Incoming.objects.get()
    url = reverse("admin:routes_incoming_change", args=(made.pk,))
    assert CANARY not in admin_client.get(url).content.decode()
    kept = {**HOOK, "signature": {"secret": MASK, "header": "X-Other"}}
    assert (
        "was changed successfully"
        in admin_client.post(url, entered("webhook", kept), follow=True).content.decode()
    )
    made.refresh_from_db()
    assert made.settings["signature"] == {"secret": MASK, "header": "X-Other"}
    assert CANARY in made.secrets.reveal()


@pytest.mark.django_db
def test_a_secret_of_one_type_is_none_of_another(admin_client: Client) -> None:
    add(admin_client, "incoming", entered("webhook", HOOK))
    made = Incoming.objects.get()
    url = reverse("admin:routes_incoming_change", args=(made.pk,))
    admin_client.post(url, entered("hub", {"entity": "product"}))
    made.refresh_from_db()
    assert (made.type, made.settings, made.secrets.reveal()) == ("hub", {"entity": "product"}, "")


def test_an_incoming_is_tried_step_by_step_before_it_is_saved(erp: Erp) -> None:
    erp.orders = [order(number) for number in range(3)]
    erp.page_size = 2
    person, client = operator(), make_client(erp.url)
    unfinished = {**READ_ORDERS, "entities": {"identifier": [""]}}
    posted = entered("http", unfinished, client=client.pk, name="", code="")
    first = ask(person, "incoming", "try", {**posted, "step": "request"})["html"]
    assert f"{erp.url}/orders" in first
    assert "Items" not in first
    items = ask(person, "incoming", "try", {**posted, "step": "items"})["html"]
    assert "2 received" in items
    pages = ask(person, "incoming", "try", {**posted, "step": "pagination"})["html"]
    assert "3 received" in pages
    last = ask(person, "incoming", "try", {**posted, "step": "entities"})
    assert last["problems"] == {
        "entities.identifier[0]": "Is empty: write JMESPath, such as id. Correct this field."
    }
    done = ask(
        person, "incoming", "try", {**posted, "described": json.dumps(READ_ORDERS), "step": "entities"}
    )
    assert "W-0, W-1" in done["html"]
    assert not Incoming.objects.exists()
    assert not RouteTask.objects.exists()


def test_a_trial_that_fails_says_where_and_what_to_do(erp: Erp, admin_client: Client) -> None:
    erp.faults = [lambda seen: Say(200, {"rows": []})]
    posted = entered("http", READ_ORDERS, client=make_client(erp.url).pk, step="items")
    html = ask(admin_client, "incoming", "try", posted)["html"]
    assert "items pattern &#x27;orders&#x27; finds nothing; there is an object with rows" in html


@pytest.mark.django_db
def test_a_delivery_is_tried_with_a_sample(admin_client: Client) -> None:
    posted = entered("webhook", {**HOOK, "transformers": [{"type": "set", "target": "shop", "value": "A"}]})
    posted |= {"step": "entities", "sample": '[{"id": 5}]'}
    html = ask(admin_client, "incoming", "try", posted)["html"]
    assert "&quot;shop&quot;: &quot;A&quot;" in html
    assert "Store this as a test" in html
    wrong = ask(admin_client, "incoming", "try", {**posted, "described": json.dumps({**HOOK, "typo": 1})})
    assert list(wrong["problems"]) == ["typo"], "the secret is still in the box it was typed into"
    assert "The sample is no JSON" in ask(admin_client, "incoming", "try", {**posted, "sample": "{"})["html"]


def test_an_address_that_may_not_be_asked_is_not_asked(
    erp: Erp, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = configuration().model_copy(update={"outbound_networks": ()})
    monkeypatch.setattr("mageferry.hub.security.outbound.configuration", lambda: chosen)
    posted = entered("http", READ_ORDERS, client=make_client(erp.url).pk, step="request")
    html = ask(admin_client, "incoming", "try", posted)["html"]
    assert "leads to this machine itself, which may not be asked from here" in html
    assert erp.server.seen == []


def test_only_who_may_save_an_incoming_may_try_it(erp: Erp) -> None:
    posted = entered("http", READ_ORDERS, client=make_client(erp.url).pk, step="request")
    for person in (viewer(), stranger()):
        assert person.post(reverse("admin:routes_incoming_try", args=(0,)), posted).status_code == 403
    assert operator().get(reverse("admin:routes_incoming_try", args=(0,))).status_code == 403
    assert erp.server.seen == []


def test_requests_are_shown_as_they_would_be_sent(erp: Erp, admin_client: Client) -> None:
    posted = entered("http", SEND_ORDER, client=make_client(erp.url).pk, entity=json.dumps(order(1)))
    html = ask(admin_client, "outgoing", "preview", posted)["html"]
    assert f'POST <span class="route-url">{erp.url}/sales</span>' in html
    assert "Nothing was sent." in html
    assert erp.server.seen == []
    missing = ask(admin_client, "outgoing", "preview", {**posted, "entity": ""})["html"]
    assert "pick one, or paste it as JSON" in missing


def test_a_chain_is_shown_with_the_answers_that_are_given(erp: Erp, admin_client: Client) -> None:
    client = make_client(erp.url)
    answers = {"customer": {"id": "C-1"}, "sale": {"id": "S-1"}, "note": {"id": "N-1"}}
    posted = entered(
        "chain", CHAIN, client=client.pk, entity=json.dumps(order(1)), answers=json.dumps(answers)
    )
    html = ask(admin_client, "outgoing", "preview", posted)["html"]
    assert [name for name in ("customer", "sale", "note") if f"<strong>{name}</strong>" in html] == list(
        answers
    )


def test_an_entity_is_sent_once_only_after_a_yes(erp: Erp) -> None:
    person = operator()
    outgoing = make_outgoing(make_client(erp.url), SEND_ORDER)
    posted = {"entity": json.dumps(order(1))}
    assert "Tick that you want" in ask(person, "outgoing", "send", posted, outgoing.pk)["html"]
    assert erp.posted == []
    html = ask(person, "outgoing", "send", {**posted, "confirmed": "1"}, outgoing.pk)["html"]
    assert "It is done." in html
    assert "SALES-1" in html
    assert [sale["number"] for sale in erp.made["/sales"]] == ["W-1"]
    assert LogEntry.objects.get().get_change_message() == "Sent one entity for real, by hand."
    assert (
        viewer().post(reverse("admin:routes_outgoing_send", args=(outgoing.pk,)), posted).status_code == 403
    )


def test_a_refusal_of_what_is_sent_by_hand_is_told(erp: Erp, admin_client: Client) -> None:
    erp.faults = [lambda seen: Say(422, {"message": "No such branch"})]
    outgoing = make_outgoing(make_client(erp.url), SEND_ORDER)
    posted = {"entity": json.dumps(order(1)), "confirmed": "1"}
    assert (
        "The server answered 422: No such branch"
        in ask(admin_client, "outgoing", "send", posted, outgoing.pk)["html"]
    )


def test_the_page_of_an_outgoing_offers_entities_of_its_tasks(erp: Erp, admin_client: Client) -> None:
    erp.orders = [order(4)]
    route = make_route(erp.url)
    run_route(route)
    url = reverse("admin:routes_outgoing_change", args=(route.outgoing_id,))
    assert "W-4 (Orders)" in admin_client.get(url).content.decode()
    assert Outgoing.objects.get().routes.count() == 1


def test_secrets_stand_where_the_form_can_keep_them() -> None:
    def secret_places(nodes: Any, in_list: bool = False) -> list[bool]:
        found = []
        for node in nodes:
            inside = in_list or node.get("kind") in ("blocks", "named", "one_of", "list_of")
            found += [in_list] if node.get("kind") == "secret" else []
            found += secret_places([*node.get("fields", []), *node.get("types", [])], inside)
        return found

    for outlines in (INCOMING_OUTLINES, OUTGOING_OUTLINES):
        for nodes in outlines.values():
            assert not any(secret_places(nodes)), "a row that is moved would take another one's secret"
