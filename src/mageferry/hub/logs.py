"""How the hub logs: one line an event, for people or as JSON, with the ids of run and unit that it belongs to."""

from __future__ import annotations

from typing import Any

import structlog

from mageferry.http.redaction import redact_text


def logging_settings(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING: the standard library's loggers and structlog's go through the same formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    if form == "json":
        last: list[Any] = [
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.processors.JSONRenderer(),
        ]
    else:
        last = [structlog.processors.format_exc_info, mask_secrets, _render_line]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": level},
        # httpx2 logs every URL at INFO; ours are written, redacted, by the request log.
        "loggers": {
            name: {"level": "WARNING"} for name in ("httpx2", "httpcore2", "amqp", "kombu", "celery")
        },
    }


def mask_secrets(logger: Any, method: str, event: Any) -> Any:
    """The last look at an event: nothing that looks like a secret leaves the process."""
    for name in ("event", "exception"):
        if isinstance(event.get(name), str):
            event[name] = redact_text(event[name])
    return event


def _render_line(logger: Any, method: str, event: Any) -> str:
    """time level logger: event key=value ...; an exception below it."""
    head = f"{event.pop('timestamp')} {event.pop('level').upper()} {event.pop('logger', '')}: {event.pop('event')}"
    trouble = event.pop("exception", None)
    line = " ".join([head, *(f"{name}={value}" for name, value in event.items())])
    return f"{line}\n{trouble}" if trouble else line
