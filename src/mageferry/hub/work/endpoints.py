"""What machines ask: /ready for the load balancer, /metrics for Prometheus."""

from __future__ import annotations

import hmac

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST

from mageferry.hub.configuration import configuration
from mageferry.hub.work.exposition import render_metrics
from mageferry.hub.work.readiness import check_readiness


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the hub can work, 503 when not; each check by its name."""
    checks = check_readiness()
    status = 200 if all(each.fine for each in checks) else 503
    return JsonResponse({each.name: each.text for each in checks}, status=status)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for whoever has the token or is signed in as staff."""
    if not (_has_token(request) or _is_staff(request)):
        return HttpResponse(
            "Send the token of MAGEFERRY_METRICS_TOKEN as Authorization: Bearer ..., or sign in as staff.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    wanted = configuration().metrics_token
    given = request.headers.get("Authorization", "")
    return bool(wanted) and hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode())


def _is_staff(request: HttpRequest) -> bool:
    return isinstance(request.user, AbstractUser) and request.user.is_staff


urlpatterns = [
    path("ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]
