"""Logs and traces: ids on every line, nothing secret, and spans from unit to request."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mageferry.hub.logs import logging_settings
from mageferry.hub.work import tracing


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use_tracer(provider.get_tracer("test"))
    yield exporter
    tracing.use_tracer(None)


def written(form: str, write: Any) -> str:
    """What a handler with the hub's formatter writes."""
    settings = logging_settings("INFO", form)
    factory = settings["formatters"]["event"]
    formatter = structlog.stdlib.ProcessorFormatter(
        **{name: value for name, value in factory.items() if name != "()"}
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("test.observation")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    try:
        write(structlog.wrap_logger(logger), logger)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def test_a_json_line_carries_the_ids_that_are_bound():
    def write(_: Any, plain: logging.Logger) -> None:
        with structlog.contextvars.bound_contextvars(run=7, unit=12):
            plain.info("Something happened")

    line = json.loads(written("json", write))
    assert (line["event"], line["run"], line["unit"], line["level"]) == ("Something happened", 7, 12, "info")


def test_a_password_in_a_line_is_masked():
    def write(_: Any, plain: logging.Logger) -> None:
        plain.info('sent {"username": "ruth", "password": "hunter2-and-more"}')

    text = written("text", write)
    assert "hunter2" not in text
    assert "ruth" in text


def test_spans_hang_together_from_what_caused_a_unit_to_its_requests(spans: InMemorySpanExporter):
    with tracing.span("schedule get_orders"):
        cause = tracing.traceparent()
    with tracing.span("unit run_flow", parent=cause, unit=3), tracing.span("request GET"):
        pass
    by_name = {span.name: span for span in spans.get_finished_spans()}
    assert len({span.context.trace_id for span in by_name.values()}) == 1
    request, unit = by_name["request GET"], by_name["unit run_flow"]
    assert request.parent is not None
    assert request.parent.span_id == unit.context.span_id
    assert unit.attributes == {"unit": 3}


def test_without_a_collector_nothing_is_traced():
    assert tracing.start_tracing("mageferry") is False
    with tracing.span("unit"):
        assert tracing.traceparent() == ""
