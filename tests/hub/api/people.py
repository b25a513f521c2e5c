"""The three who ask in tests of permissions: the one who sets routes up, one who only looks, and a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client

from mageferry.hub.security.models import ApiToken


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with the token of a user."""

    header: dict[str, str]

    def get(self, path: str, **query: Any) -> HttpResponse:
        return Client().get(f"/api/{path}", query, headers=self.header)

    def send(self, method: str, path: str, body: Any = None) -> HttpResponse:
        ask = getattr(Client(), method)
        answer: HttpResponse = ask(f"/api/{path}", body, content_type="application/json", headers=self.header)
        return answer

    def post(self, path: str, body: Any = None) -> HttpResponse:
        return self.send("post", path, {} if body is None else body)

    def put(self, path: str, body: Any = None) -> HttpResponse:
        return self.send("put", path, body)

    def delete(self, path: str) -> HttpResponse:
        return self.send("delete", path)


def make_caller(name: str, *permissions: str) -> Caller:
    """A user with these permissions, such as `routes.view_route`; `routes.*` for all of an app."""
    user = User.objects.create_user(name)
    chosen = Permission.objects.none()
    for each in permissions:
        app, _, codename = each.partition(".")
        rows = Permission.objects.filter(content_type__app_label=app)
        chosen |= rows if codename == "*" else rows.filter(codename__startswith=codename.rstrip("*"))
    user.user_permissions.set(chosen.distinct())
    _, secret = ApiToken.issue(user.pk, name)
    return Caller({"authorization": f"Bearer {secret.reveal()}"})
