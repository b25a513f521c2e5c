"""The types of incomings and outgoings: what describes the settings of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, model_validator

from mageferry.http.config import Description
from mageferry.http.config.fields import Structure, Text, needed, option
from mageferry.http.descriptions import ExpressionText
from mageferry.http.publisher import PublisherDescription
from mageferry.http.publisher.chain import ChainDescription
from mageferry.http.subscriber.described import EntityDescription, ItemsDescription, SubscriberDescription
from mageferry.http.subscriber.formats.described import FormatDescription
from mageferry.http.webhook.described import WebhookDescription
from mageferry.hub.exchange import KINDS
from mageferry.hub.routes.models import IncomingType, OutgoingType

_SECONDS: Final = 366 * 86_400


class StoredIncomingDescription(Description):
    """The entries of a storage: each value is an entity, its key the identifier."""

    key_target: str = option(
        "", "Put the key into", "Name of a field of the entity that gets the key; empty: none."
    )
    prefix: str = option("", "Keys that begin with", "Empty: all.")


class FileDescription(Description):
    """Files that are dropped into a directory below the hub's own for files."""

    directory: str = needed(
        "Directory", "Below the directory for files of the hub: orders/new.", min_length=1
    )
    pattern: str = option("*", "File names", "Such as *.csv.", min_length=1)
    settle_seconds: int = option(
        5, "Leave alone (seconds)", "Files that were changed later than that: they may still be written.", ge=0,
        le=86_400,
    )  # fmt: skip
    answer: FormatDescription = option(FormatDescription, "Format", "auto: by the ending of the name.")
    items: ItemsDescription = option(ItemsDescription, "Items")
    entities: EntityDescription = option(EntityDescription, "Entities")

    @model_validator(mode="after")
    def _stays_below(self) -> Self:
        parts = PurePosixPath(self.directory).parts
        if self.directory.startswith("/") or any(part == ".." or part.startswith(".") for part in parts):
            raise ValueError("the directory is below that of the hub: orders/new, without .. and hidden ones")
        if re.search(r"[/\\]", self.pattern):
            raise ValueError("the pattern is about names, such as *.csv")
        return self


def _check_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"is one of {', '.join(KINDS)}")
    return name


# For a form to choose from.
_CHOICES: Final[dict[str, Any]] = {"enum": [*KINDS]}
type HubKind = Annotated[str, AfterValidator(_check_kind)]


class HubIncomingDescription(Description):
    """What changed in the hub."""

    entity: HubKind = needed("Entities", f"One of {', '.join(KINDS)}.", json_schema_extra=_CHOICES)
    compared: ExpressionText = option(
        "",
        "Compared",
        "JMESPath of what tells whether it has changed; empty: all but the moment of the change.",
    )


class HubOutgoingDescription(Description):
    """What is stored in the hub."""

    entity: HubKind = needed("Entities", f"One of {', '.join(KINDS)}.", json_schema_extra=_CHOICES)


class StoredOutgoingDescription(Description):
    """An entry of a storage for each entity."""

    key: Text = needed("Key", "Template: &{sku}.", min_length=1)
    value: Structure = option("&{@}", "Value", "Template; by default the whole entity.")
    lifetime_seconds: int | None = option(
        None, "Lifetime (seconds)", "Empty: that of the storage.", ge=1, le=_SECONDS
    )
    remove_when: ExpressionText = option("", "Remove when", "JMESPath: status == 'gone'.")


class SinglePublisherDescription(PublisherDescription):
    """An HTTP publisher of a route: a task is one entity, so it has no batches."""

    @model_validator(mode="after")
    def _single(self) -> Self:
        if self.batch is not None:
            raise ValueError("a route sends each entity by itself: leave out batch")
        return self


INCOMING: Final[Mapping[str, type[Description]]] = {
    IncomingType.HTTP: SubscriberDescription,
    IncomingType.WEBHOOK: WebhookDescription,
    IncomingType.STORAGE: StoredIncomingDescription,
    IncomingType.FILE: FileDescription,
    IncomingType.HUB: HubIncomingDescription,
}
OUTGOING: Final[Mapping[str, type[Description]]] = {
    OutgoingType.HTTP: SinglePublisherDescription,
    OutgoingType.CHAIN: ChainDescription,
    OutgoingType.HUB: HubOutgoingDescription,
    OutgoingType.STORAGE: StoredOutgoingDescription,
}
# Which records a type needs besides its settings.
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    IncomingType.HTTP: ("client",),
    IncomingType.STORAGE: ("storage",),
    OutgoingType.CHAIN: ("client",),
}


def description_type(record: Any) -> type[Description]:
    """What describes the settings of an incoming or outgoing."""
    from mageferry.hub.routes.models import Incoming

    return (INCOMING if isinstance(record, Incoming) else OUTGOING)[record.type]
