"""Secrets at rest: encrypted, never shown, never lost by saving."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.serializers import serialize
from django.db import connection

from mageferry.http import Secret
from mageferry.hub.configuration import Configuration
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.security import encryption
from mageferry.hub.security.fields import UnreadableStored
from tests.hub.builders import make_connector

CANARY = "canary-4711-do-not-show"


def stored_text(connector: Magento2Connector) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM magento2_connector WHERE id = %s", [connector.pk])
        text: str = cursor.fetchone()[0]
    return text


@pytest.fixture
def other_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the process runs with a key of its own."""
    monkeypatch.setattr(
        encryption, "configuration", lambda: Configuration(encryption_keys=(Fernet.generate_key().decode(),))
    )
    encryption._fernet.cache_clear()
    yield
    encryption._fernet.cache_clear()


@pytest.mark.django_db
def test_the_database_holds_no_clear_text():
    connector = make_connector(password=CANARY)
    assert CANARY not in stored_text(connector)
    connector.refresh_from_db()
    assert connector.password.reveal() == CANARY
    assert CANARY not in f"{connector.password} {connector.password!r} {vars(connector)}"


@pytest.mark.django_db
def test_exports_carry_no_secret():
    connector = make_connector(password=CANARY)
    text = serialize("json", [connector])
    assert CANARY not in text
    assert stored_text(connector) not in text


@pytest.mark.django_db
def test_a_secret_cannot_be_searched_for():
    for query in ({"password": CANARY}, {"password__contains": CANARY}, {"password__in": [CANARY]}):
        with pytest.raises(TypeError, match="password is encrypted and can't be searched") as refused:
            list(Magento2Connector.objects.filter(**query))
        assert CANARY not in str(refused.value)


@pytest.mark.django_db
def test_records_without_a_secret_are_found():
    make_connector(name="With", password=CANARY)
    without = make_connector(name="Without", password="")
    assert list(Magento2Connector.objects.filter(password="")) == [without]


@pytest.mark.django_db
def test_saving_with_the_wrong_key_does_not_destroy_what_is_stored(
    other_key: None, monkeypatch: pytest.MonkeyPatch
):
    connector = make_connector(password=CANARY)
    before = stored_text(connector)
    encryption._fernet.cache_clear()
    connector.refresh_from_db()
    assert isinstance(connector.password, UnreadableStored)
    assert connector.password
    with pytest.raises(encryption.UnreadableSecret, match="another encryption key"):
        connector.password.reveal()
    connector.name = "Renamed"
    connector.save()
    assert stored_text(connector) == before


def test_a_rotated_key_still_reads_what_the_old_one_wrote(monkeypatch: pytest.MonkeyPatch):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    monkeypatch.setattr(encryption, "configuration", lambda: Configuration(encryption_keys=(old,)))
    encryption._fernet.cache_clear()
    stored = encryption.encrypt(Secret(CANARY))
    monkeypatch.setattr(encryption, "configuration", lambda: Configuration(encryption_keys=(new, old)))
    encryption._fernet.cache_clear()
    assert encryption.decrypt(stored).reveal() == CANARY
    encryption._fernet.cache_clear()


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    path = tmp_path / "home" / "encryption.key"
    first = encryption.read_or_make(path, lambda: Fernet.generate_key().decode())
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert encryption.read_or_make(path, lambda: "never") == first
    assert [entry.name for entry in path.parent.iterdir()] == ["encryption.key"]


def test_a_key_that_is_none_is_refused_in_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encryption, "configuration", lambda: Configuration(encryption_keys=("nonsense",)))
    encryption._fernet.cache_clear()
    with pytest.raises(Exception, match="mageferry make-key"):
        encryption.encrypt(Secret("x"))
    encryption._fernet.cache_clear()
