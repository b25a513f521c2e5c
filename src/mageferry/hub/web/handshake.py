"""The two addresses that an integration in Magento asks for: Callback URL and Identity Link URL."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from mageferry.hub.connectors.handshake import receive
from mageferry.hub.connectors.models import ActivationStatus, Magento2Connector
from mageferry.magento import ConfigurationError

LONGEST_BODY_BYTES = 10_000


@csrf_exempt
@require_POST
def callback(request: HttpRequest, key: str) -> HttpResponse:
    """Where Magento posts an integration's keys when it is activated. Answers at once: Magento waits 5 seconds."""
    connector = get_object_or_404(Magento2Connector, callback_key=key)
    if int(request.headers.get("Content-Length") or 0) > LONGEST_BODY_BYTES:
        return JsonResponse(
            {"message": "This is no activation from Magento: the body is too long"}, status=413
        )
    try:
        receive(connector, request.body)
    except ConfigurationError as error:
        return JsonResponse({"message": error.message, "remedy": error.remedy}, status=400)
    return JsonResponse({"message": "Received. The keys are being exchanged."})


@require_GET
@staff_member_required
def identity(request: HttpRequest, key: str) -> HttpResponse:
    """The page that Magento opens in a window of the admin who activates: how the exchange stands."""
    connector = get_object_or_404(Magento2Connector, callback_key=key)
    activation = connector.activations.first()
    waiting = activation is not None and activation.status == ActivationStatus.RECEIVED
    context = {
        "connector": connector,
        "activation": activation,
        "waiting": waiting,
        "finished": activation is not None and activation.status == ActivationStatus.EXCHANGED,
        "back": _back_to_shop(request.GET.get("success_call_back", ""), connector),
    }
    return render(request, "web/identity.html", context)


def _back_to_shop(url: str, connector: Magento2Connector) -> str:
    """The address Magento wants to be called back at, if it is the connector's own shop; else nothing."""
    try:
        parts = urlsplit(url)
        same = parts.scheme in ("http", "https") and parts.hostname == urlsplit(connector.endpoint).hostname
    except ValueError:
        return ""
    return url if same else ""
