"""The values that all templates see as `@{globals.NAME}`, also those of HTTP clients."""

from __future__ import annotations

from typing import Any

from mageferry.hub.pipelines.template_values import offer
from mageferry.hub.routes.models import GlobalValue


def global_values() -> dict[str, Any]:
    """The values by their names; those of secret ones are Secrets."""
    return {each.name: each.at_hand for each in GlobalValue.objects.all()}


offer("globals", global_values)
