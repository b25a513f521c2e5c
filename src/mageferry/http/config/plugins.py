"""The plugins as data. A type's name, its options and their help are declared here and nowhere else."""

from __future__ import annotations

from typing import Final, Self

from pydantic import field_validator, model_validator

from mageferry.http.config.described import PluginDescription
from mageferry.http.config.fields import Description, Secrets, Text, Texts, needed, option
from mageferry.http.config.tools import Tools
from mageferry.http.flow import Plugin
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.plugins.cache import Cache
from mageferry.http.plugins.content_type import ContentType
from mageferry.http.plugins.cookies import Cookies
from mageferry.http.plugins.expect import ExpectStatus, StatusRanges
from mageferry.http.plugins.headers import (
    ContentLength,
    Decode,
    HeaderAppend,
    HeaderDefaults,
    HeaderRemove,
    HeaderSet,
)
from mageferry.http.plugins.log import Log, LogFormat
from mageferry.http.plugins.query import QueryDefaults
from mageferry.http.plugins.rate_limit import HeaderRule, RateLimit
from mageferry.http.plugins.redirect import Redirect
from mageferry.http.plugins.retry import Backoff, Cause, Retry, StandardRule
from mageferry.http.redaction import Secret


class BaseUriPlugin(PluginDescription):
    type_name = "base_uri"
    title = "Add base URI to requests"
    uri: Text = needed("URI", "Stands before every address that is not complete: https://host/path.")

    def build(self, tools: Tools) -> Plugin:
        return BaseUri(tools.text(self.uri, "uri"))


class LogPlugin(PluginDescription):
    type_name = "log"
    title = "Log requests"
    formatter: LogFormat = option(
        LogFormat.SIMPLE,
        "Formatter",
        "Headers only, up to 10,000 characters, everything, or as a cURL command.",
    )

    def build(self, tools: Tools) -> Plugin:
        tell = tools.stores.on_exchange
        return Log(lambda exchange: tell(tools.owner, exchange, self.formatter))


class ContentTypePlugin(PluginDescription):
    type_name = "content_type"
    title = "Add content-type headers to requests"

    def build(self, tools: Tools) -> Plugin:
        return ContentType()


class ContentLengthPlugin(PluginDescription):
    type_name = "content_length"
    title = "Add content-length headers to requests"

    def build(self, tools: Tools) -> Plugin:
        return ContentLength()


class _WithHeaders(PluginDescription):
    """What the plugins that give headers have in common."""

    headers: Texts = option(dict, "Headers")
    secrets: Secrets = option(dict, "Secret headers", "The same, kept from view, such as X-Api-Key.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.headers and not self.secrets:
            raise ValueError("no header is given")
        return self

    def filled(self, tools: Tools) -> dict[str, str | Secret]:
        """The headers with their placeholders filled."""
        return {**tools.texts(self.headers, "headers"), **tools.secrets(self.secrets, "secrets")}


class HeaderDefaultsPlugin(_WithHeaders):
    type_name = "header_defaults"
    title = "Header defaults"
    headers: Texts = option(dict, "Headers", "Added where a request does not have them.")

    def build(self, tools: Tools) -> Plugin:
        return HeaderDefaults(self.filled(tools))


class HeaderSetPlugin(_WithHeaders):
    type_name = "header_set"
    title = "Set headers"
    headers: Texts = option(dict, "Headers", "Set on every request, whatever it has.")

    def build(self, tools: Tools) -> Plugin:
        return HeaderSet(self.filled(tools))


class HeaderAppendPlugin(_WithHeaders):
    type_name = "header_append"
    title = "Append headers"
    headers: Texts = option(dict, "Headers", "Added behind what a request has already.")

    def build(self, tools: Tools) -> Plugin:
        return HeaderAppend(self.filled(tools))


class HeaderRemovePlugin(PluginDescription):
    type_name = "header_remove"
    title = "Remove headers"
    names: tuple[str, ...] = needed("Names", "Taken away from every request.", min_length=1)

    def build(self, tools: Tools) -> Plugin:
        return HeaderRemove(self.names)


class QueryDefaultsPlugin(PluginDescription):
    type_name = "query_defaults"
    title = "Query defaults"
    parameters: Texts = option(dict, "Parameters", "Added where an address does not have them.")
    secrets: Secrets = option(dict, "Secret parameters", "The same, kept from view, such as api_key.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.parameters and not self.secrets:
            raise ValueError("no parameter is given")
        return self

    def build(self, tools: Tools) -> Plugin:
        secrets = tools.secrets(self.secrets, "secrets")
        return QueryDefaults({**tools.texts(self.parameters, "parameters"), **secrets})


class CookiesPlugin(PluginDescription):
    type_name = "cookies"
    title = "Cookies"

    def build(self, tools: Tools) -> Plugin:
        return Cookies()


class RedirectPlugin(PluginDescription):
    type_name = "redirect"
    title = "Follow redirects"
    hops: int = option(5, "Hops", "More in a row are an error. No secret goes to another host.", ge=1, le=20)

    def build(self, tools: Tools) -> Plugin:
        return Redirect(self.hops)


class DecodePlugin(PluginDescription):
    type_name = "decode"
    title = "Decode"
    encodings: tuple[str, ...] = option(
        ("gzip", "deflate"), "Encodings", "What compressions to ask for; none: plain."
    )

    @field_validator("encodings")
    @classmethod
    def _known(cls, encodings: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(encodings) - {"gzip", "deflate"}:
            raise ValueError(f"{', '.join(sorted(unknown))}: only gzip and deflate can be decoded")
        return encodings

    def build(self, tools: Tools) -> Plugin:
        return Decode(self.encodings)


class RetryPlugin(PluginDescription):
    type_name = "retry"
    title = "Retry requests on failure"
    attempts: int = option(4, "Attempts", "In all, with the first.", ge=1, le=20)
    statuses: str = option("429, 502-504", "Statuses", "Answers to ask again after.")
    exceptions: tuple[Cause, ...] = option(tuple(Cause), "Exceptions", "Why there may be no answer at all.")
    first_wait_seconds: float = option(
        0.5, "First wait (seconds)", "Doubles with every attempt, with jitter.", gt=0
    )
    longest_wait_seconds: float = option(30.0, "Longest wait (seconds)", gt=0)
    longest_retry_after_seconds: float = option(
        60.0, "Longest Retry-After (seconds)", "A server that asks for more is left alone.", ge=0
    )
    any_method: bool = option(
        False, "Any method", "Also what changes things: only for servers that recognise what they have seen."
    )

    @field_validator("statuses")
    @classmethod
    def _ranges(cls, statuses: str) -> str:
        StatusRanges.parse(statuses)
        return statuses

    def build(self, tools: Tools) -> Plugin:
        ranges = StatusRanges.parse(self.statuses)
        backoff = Backoff(
            self.attempts,
            self.first_wait_seconds,
            self.longest_wait_seconds,
            self.longest_retry_after_seconds,
        )
        statuses = frozenset(status for status in range(100, 600) if status in ranges)
        return Retry(StandardRule(statuses, backoff, frozenset(self.exceptions), self.any_method))


class RateLimitHeader(Description):
    """The part of a rate limit that the server rules."""

    name: str = needed("Header name", "Such as X-RateLimit-Remaining.", min_length=1)
    threshold: int = option(0, "Threshold", "Up to this number everyone waits.", ge=0)
    wait_seconds: float = option(1.0, "Wait (seconds)", gt=0, le=3600)


class RateLimitPlugin(PluginDescription):
    type_name = "rate_limit"
    title = "Rate limit"
    requests: int = option(0, "Requests", "So many per interval; 0: no limit.", ge=0)
    interval_seconds: float = option(1.0, "Interval (seconds)", gt=0)
    concurrency: int = option(0, "Concurrency", "So many at once; 0: no limit.", ge=0)
    header: RateLimitHeader | None = option(
        None, "Response header", "Wait when a header of the server says so."
    )
    key: str = option(
        "", "Shared with", "Clients with the same word share the limit; empty: this client alone."
    )

    def build(self, tools: Tools) -> Plugin:
        rule = self.header
        return RateLimit(
            self.requests,
            self.interval_seconds,
            self.concurrency,
            HeaderRule(rule.name, rule.threshold, rule.wait_seconds) if rule is not None else None,
            f"shared:{self.key}" if self.key else f"client:{tools.owner}",
            tools.stores.limits,
        )


class CachePlugin(PluginDescription):
    type_name = "cache"
    title = "Cache"
    ttl_seconds: float = option(
        60.0, "Lifetime (seconds)", "Of answers for which the server names none.", ge=0
    )
    respects_headers: bool = option(True, "Respect cache headers", "Off: keep every answer that long.")

    def build(self, tools: Tools) -> Plugin:
        return Cache(self.ttl_seconds, self.respects_headers, tools.stores.cache(tools.owner))


class ExpectPlugin(PluginDescription):
    type_name = "expect"
    title = "Abort process on errors"
    statuses: str = option(
        "200-299", "Expected statuses", "Ranges such as 200-299, 404; all others are errors."
    )

    @field_validator("statuses")
    @classmethod
    def _ranges(cls, statuses: str) -> str:
        if not StatusRanges.parse(statuses).ranges:
            raise ValueError("no status is expected")
        return statuses

    def build(self, tools: Tools) -> Plugin:
        return ExpectStatus(StatusRanges.parse(self.statuses))


PLUGINS: Final[tuple[type[PluginDescription], ...]] = (
    BaseUriPlugin,
    LogPlugin,
    ContentTypePlugin,
    ContentLengthPlugin,
    HeaderDefaultsPlugin,
    HeaderSetPlugin,
    HeaderAppendPlugin,
    HeaderRemovePlugin,
    QueryDefaultsPlugin,
    CookiesPlugin,
    RedirectPlugin,
    DecodePlugin,
    RetryPlugin,
    RateLimitPlugin,
    CachePlugin,
    ExpectPlugin,
)
