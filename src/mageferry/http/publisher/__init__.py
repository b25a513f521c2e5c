"""Writing to any REST system: HTTP publisher and chain HTTP publisher, as flows for either client."""

from mageferry.http.publisher.described import PublisherDescription
from mageferry.http.publisher.publishing import Publisher
from mageferry.http.publisher.result import Outcome, Published
from mageferry.http.requests import RequestDescription, RequestTemplate
from mageferry.http.requests.bodies import BodyType

__all__ = [
    "BodyType",
    "Outcome",
    "Published",
    "Publisher",
    "PublisherDescription",
    "RequestDescription",
    "RequestTemplate",
]
