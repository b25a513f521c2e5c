"""Traces (OpenTelemetry) from schedule to request: off unless MAGEFERRY_TRACES_URL names a collector.

Nothing of OpenTelemetry is imported while they are off, and a span then costs one function call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from mageferry.hub.configuration import ConfigurationProblem, configuration

_tracer: Any = None


def start_tracing(service: str) -> bool:
    """Send spans to the configured collector (OTLP over HTTP). Raises ConfigurationProblem without the packages."""
    global _tracer
    url = configuration().traces_url
    if not url:
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationProblem(
            "MAGEFERRY_TRACES_URL: traces need OpenTelemetry, which isn't installed. "
            "Install the extra: pip install 'mageferry[hub,traces]'."
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    _tracer = provider.get_tracer("mageferry")
    return True


def use_tracer(tracer: Any) -> None:
    """Use this tracer, or none: for tests."""
    global _tracer
    _tracer = tracer


def span(name: str, *, parent: str = "", **attributes: object) -> AbstractContextManager[Any]:
    """A span around a block. `parent`: the W3C traceparent of what caused it; without, the span around this one."""
    if _tracer is None:
        return nullcontext()
    return _started(
        name, parent, {key: value for key, value in attributes.items() if value not in ("", None)}
    )


@contextmanager
def _started(name: str, parent: str, attributes: Mapping[str, Any]) -> Iterator[Any]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    with _tracer.start_as_current_span(name, context=context, attributes=dict(attributes)) as current:
        yield current


def traceparent() -> str:
    """The span around the caller, to be handed on with a unit; empty while traces are off."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")
