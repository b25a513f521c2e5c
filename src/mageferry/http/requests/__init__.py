"""Requests from templates: what is described once is filled with the data at hand, for reading and for writing."""

from mageferry.http.requests.bodies import BodyType, CsvOptions
from mageferry.http.requests.described import ReadingDescription, RequestDescription
from mageferry.http.requests.template import RequestTemplate, UriEncoder

__all__ = [
    "BodyType",
    "CsvOptions",
    "ReadingDescription",
    "RequestDescription",
    "RequestTemplate",
    "UriEncoder",
]
