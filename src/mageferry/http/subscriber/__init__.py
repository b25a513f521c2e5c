"""The HTTP subscriber: reads entities from any system that answers over HTTP, page by page.

    subscriber = Subscriber(RequestTemplate("/orders"), items=ItemsPattern("items"), pagination=NextLink("next"))
    with HttpClient(config) as client:
        for page in pages(client, Reading(subscriber, client.handle_with)):
            ...

`docs/how-to/incoming.md` has the whole of it. Deliveries that come by themselves: `mageferry.http.webhook`.
"""

from mageferry.http.encoding import Encoder
from mageferry.http.requests import BodyType, RequestTemplate, UriEncoder
from mageferry.http.subscriber.entities import Entity, EntityRules, ItemsPattern
from mageferry.http.subscriber.errors import (
    EntityError,
    ForeignHost,
    IncomingError,
    NoDate,
    NoIdentifier,
    NothingFound,
    PaginationError,
    Place,
    RepeatedPage,
    SchemaMismatch,
    TooLarge,
    TooManyPages,
    TransformFailed,
    UnreadableAnswer,
    WrongSettings,
)
from mageferry.http.subscriber.formats import AnswerFormat, Format, Limits, Markup, Table
from mageferry.http.subscriber.memory import (
    Fingerprints,
    Memories,
    MemoryFingerprints,
    MemorySeen,
    Seen,
)
from mageferry.http.subscriber.pagination import (
    Cursor,
    LinkHeader,
    NextLink,
    Offset,
    OnePage,
    PageNumber,
    Pagination,
    Stop,
    search_criteria,
)
from mageferry.http.subscriber.reading import Reading, apages, pages
from mageferry.http.subscriber.sifting import Page, Skipped
from mageferry.http.subscriber.subscription import Delta, Repeats, Subscriber, Transform, plain

__all__ = [
    "AnswerFormat",
    "BodyType",
    "Cursor",
    "Delta",
    "Encoder",
    "Entity",
    "EntityError",
    "EntityRules",
    "Fingerprints",
    "ForeignHost",
    "Format",
    "IncomingError",
    "ItemsPattern",
    "Limits",
    "LinkHeader",
    "Markup",
    "Memories",
    "MemoryFingerprints",
    "MemorySeen",
    "NextLink",
    "NoDate",
    "NoIdentifier",
    "NothingFound",
    "Offset",
    "OnePage",
    "Page",
    "PageNumber",
    "Pagination",
    "PaginationError",
    "Place",
    "Reading",
    "RepeatedPage",
    "Repeats",
    "RequestTemplate",
    "SchemaMismatch",
    "Seen",
    "Skipped",
    "Stop",
    "Subscriber",
    "Table",
    "TooLarge",
    "TooManyPages",
    "Transform",
    "TransformFailed",
    "UnreadableAnswer",
    "UriEncoder",
    "WrongSettings",
    "apages",
    "pages",
    "plain",
    "search_criteria",
]
