"""Small makers of HTTP clients and authentications as records."""

from __future__ import annotations

from typing import Any

from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientPlugin, HttpClientRecord
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES, PLUGIN_TYPES, separate


def make_authentication(type_name: str, /, **options: Any) -> HttpAuthenticationRecord:
    settings, secrets = separate(AUTHENTICATION_TYPES[type_name], options)
    return HttpAuthenticationRecord.objects.create(
        name="Login", code="login", type=type_name, settings=settings, secrets=secrets
    )


def make_client(
    base_uri: str = "https://erp.example/api",
    *,
    plugins: tuple[tuple[str, dict[str, Any]], ...] = (),
    own: tuple[str, dict[str, Any]] | None = None,
    **changes: Any,
) -> HttpClientRecord:
    if own is not None:
        settings, secrets = separate(AUTHENTICATION_TYPES[own[0]], own[1])
        changes |= {"own_type": own[0], "own_settings": settings, "own_secrets": secrets}
    client = HttpClientRecord.objects.create(
        **{"name": "ERP", "code": "erp", "base_uri": base_uri, **changes}
    )
    for position, (type_name, options) in enumerate(plugins):
        settings, secrets = separate(PLUGIN_TYPES[type_name], options)
        HttpClientPlugin.objects.create(
            client=client, position=position, type=type_name, settings=settings, secrets=secrets
        )
    return client
