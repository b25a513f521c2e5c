"""OAuth 2.0 with a person: the hub sends them to the server, they come back with a code, the hub keeps the token."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from mageferry.http import HttpClient, HttpConfig, HttpError, SignInRefused, Token, transmit
from mageferry.http.authentication.oauth2 import AUTHORIZE_AGAIN, Authorization, exchange_code
from mageferry.http.config import ConfigError, Tools
from mageferry.http.config.oauth2 import AuthorizationCodeAuthentication
from mageferry.hub import adminsite
from mageferry.hub.pipelines.clients import stores_of
from mageferry.hub.pipelines.descriptions import describe_authentication, explain
from mageferry.hub.pipelines.journal import AUTHORIZATION_MINUTES
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpAuthorization
from mageferry.hub.pipelines.vault import HttpTokenVault
from mageferry.hub.security.outbound import address_policy

TYPE_NAME = AuthorizationCodeAuthentication.type_name


def begin_connecting(request: HttpRequest, record: HttpAuthenticationRecord) -> HttpResponse:
    """Send the person who is signed in to the server that authorises; what is wrong is told on the record's page."""
    if record.type != TYPE_NAME:
        messages.error(
            request, "Only an OAuth 2.0 authorization code is connected by a person in the browser."
        )
        return adminsite.back_to(HttpAuthenticationRecord, record.pk)
    try:
        authentication, tools = _described(record)
        given = tools.text(authentication.redirect_uri, "redirect_uri")
        begun = authentication.begin(tools, given or request.build_absolute_uri(reverse("http_authorized")))
    except ConfigError as error:
        for problem in error.problems:
            messages.error(request, explain(problem, None))
        return adminsite.back_to(HttpAuthenticationRecord, record.pk)
    except HttpError as error:
        messages.error(request, f"{error.message}. {error.remedy}")
        return adminsite.back_to(HttpAuthenticationRecord, record.pk)
    HttpAuthorization.objects.create(
        authentication=record,
        user_id=request.user.pk or 0,
        state_digest=_digest(begun.state),
        verifier=begun.verifier,
        redirect_uri=begun.redirect_uri,
    )
    return redirect(begun.url)


@require_GET
@staff_member_required
def authorized(request: HttpRequest) -> HttpResponse:
    """Where the server sends the person back to, with a code."""
    if not request.user.has_perm("pipelines.change_httpauthenticationrecord"):
        raise PermissionDenied
    state = request.GET.get("state", "")
    begun = _take(request, state)
    if begun is None:
        messages.error(
            request,
            "This return belongs to no connection that you began here in the last "
            f"{AUTHORIZATION_MINUTES} minutes. Click Connect again, and stay in one browser.",
        )
        return redirect("admin:pipelines_httpauthenticationrecord_changelist")
    record = begun.authentication
    try:
        token = _exchange(begun, state, request.build_absolute_uri())
    except ConfigError as error:
        messages.error(request, " ".join(explain(problem, None) for problem in error.problems))
    except HttpError as error:
        messages.error(request, f"{error.message} {error.remedy or AUTHORIZE_AGAIN}")
    else:
        HttpTokenVault(record.owner, record.revision).store(token)
        until = "" if token.refresh else " It holds until the token runs out: none to refresh it came along."
        messages.success(request, f"It is connected.{until}")
    return adminsite.back_to(HttpAuthenticationRecord, record.pk)


def _take(request: HttpRequest, state: str) -> HttpAuthorization | None:
    """The way that was begun, taken out so that a return counts once; only the person who began may end it."""
    since = timezone.now() - dt.timedelta(minutes=AUTHORIZATION_MINUTES)
    mine = HttpAuthorization.objects.filter(user_id=request.user.pk or 0, created_at__gte=since)
    begun = mine.select_related("authentication").filter(state_digest=_digest(state)).first()
    if begun is None or not HttpAuthorization.objects.filter(pk=begun.pk).delete()[0]:
        return None
    return begun


def _exchange(begun: HttpAuthorization, state: str, returned_url: str) -> Token:
    authentication, tools = _described(begun.authentication)
    authorization = Authorization("", state, begun.verifier, begun.redirect_uri)
    config = HttpConfig(addresses=address_policy())
    with HttpClient(config) as client:
        return client.run(
            exchange_code(authorization, returned_url, authentication.endpoint(tools), transmit)
        )


def _described(record: HttpAuthenticationRecord) -> tuple[AuthorizationCodeAuthentication, Tools]:
    described = describe_authentication(record)
    found = described.setup.authentications[record.code]
    tools = described.setup.tools(record.code, described.scope, stores_of(described), address_policy())
    if not isinstance(found, AuthorizationCodeAuthentication):
        raise SignInRefused("It is of another type now", remedy="Click Connect again.")
    return found, tools


def _digest(state: str) -> str:
    return sha256(state.encode()).hexdigest()
