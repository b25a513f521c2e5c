"""Entries of storages are found by parts of their keys and values, in any case and any script."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mageferry.hub.routes.models import Storage
from mageferry.hub.routes.storages import find_entries, put_value

pytestmark = pytest.mark.django_db


@pytest.fixture
def storage() -> Storage:
    made = Storage.objects.create(name="Goods", code="goods")
    put_value(made, "pipe", {"title": 'Rohr 5" grün', "path": "a\\b", "note": "one\ntwo"})
    put_value(made, "GRÖSSE-M", {"title": "Shirt", "price": 12.5})
    put_value(made, "tea", {"title": "ПУЭР 茶 🍵", "tags": ["черный"]})
    return made


def found_on_page(client: Client, text: str) -> list[str]:
    page = client.get(reverse("admin:routes_storageentry_changelist"), {"q": text})
    return sorted(entry.key for entry in page.context["cl"].result_list)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("pip", ["pipe"]),
        ("SHIRT", ["GRÖSSE-M"]),
        ("12.5", ["GRÖSSE-M"]),
        ("GRÜN", ["pipe"]),
        ("größe-m", ["GRÖSSE-M"]),
        ("grösse", ["GRÖSSE-M"]),
        ('5" grün', ["pipe"]),
        ("a\\b", ["pipe"]),
        ("пуэр", ["tea"]),
        ("ЧЕРНЫЙ", ["tea"]),
        ("茶 🍵", ["tea"]),
        ("% grün", []),
        (".*ü", []),
    ],
)
def test_an_entry_is_found_by_its_value_or_its_key(
    admin_client: Client, storage: Storage, text: str, keys: list[str]
) -> None:
    assert found_on_page(admin_client, text) == keys


def test_keys_beyond_ascii_are_found_over_the_api_and_on_the_command_line(
    admin_client: Client, storage: Storage
) -> None:
    answer = admin_client.get("/api/storages/goods/entries", {"text": "grösse"}).json()
    assert [each["key"] for each in answer["items"]] == ["GRÖSSE-M"]
    assert [each.key for each in find_entries(storage, "grösse")] == ["GRÖSSE-M"]
