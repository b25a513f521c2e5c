"""mageferry user, as typed."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.test import Client
from typer.testing import CliRunner, Result

from mageferry.cli.main import app

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["user", *words])


def password_in(answer: Result) -> str:
    found = re.search(r"with the password (\S+)", answer.output)
    assert found, answer.output
    return found.group(1)


def test_a_user_is_made_and_can_sign_in():
    answer = run("add", "ruth", "--email", "ruth@example.com")
    assert answer.exit_code == 0
    user = authenticate(username="ruth", password=password_in(answer))
    assert user is not None
    assert user.is_superuser
    assert run("add", "clerk", "--no-administrator").exit_code == 0
    assert not User.objects.get(username="clerk").is_superuser
    assert "ruth@example.com" in run("list").output


def test_a_wrong_or_taken_name_is_refused_in_words():
    run("add", "ruth")
    taken = run("add", "ruth")
    assert (taken.exit_code, "already exists" in taken.output) == (1, True)
    assert run("add", "two words").exit_code == 1
    assert run("add", "x", "--email", "nonsense").exit_code == 1
    unknown = run("password", "nobody")
    assert (unknown.exit_code, "The users are: ruth." in unknown.output) == (1, True)


def test_a_new_password_replaces_the_old_one():
    old = password_in(run("add", "ruth"))
    new = password_in(run("password", "ruth"))
    assert authenticate(username="ruth", password=old) is None
    assert authenticate(username="ruth", password=new) is not None


def test_a_token_opens_the_api_once_for_each_purpose(client: Client):
    run("add", "ruth")
    answer = run("token", "ruth", "reporting")
    header = answer.output.strip().removeprefix("Authorization: ")
    assert client.get("/api/orders", headers={"authorization": header}).status_code == 200
    again = run("token", "ruth", "reporting")
    assert (again.exit_code, "already" in again.output) == (1, True)
