"""Logging for the API and the worker: one JSON object a line on standard error, without personal data.

Ours and the libraries' records take the same road. An exception is reduced to its type and the places it
passed through, for its message may repeat what a person sent. Nobody may log a body, a header, a key or an
SQL parameter; `HIDDEN` is the net below that rule.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, Literal, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MAX_FRAMES = 8
HIDDEN = {
    "api_key", "authorization", "body", "city", "email", "idempotency_key", "ip_address", "key",
    "landing_url", "message", "name", "password", "payload", "phone", "phone_extension", "postal_code", "referer",
    "secret", "user_agent", }  # fmt: skip


def configure_logging(level: str = "INFO", form: Literal["json", "console"] = "json") -> None:
    """Set up structlog and the standard library's root logger. May be called again."""
    renderer: Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        reduce_exception,
        hide_personal_data,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[*shared, structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelName(level)), handlers=[handler], force=True
    )


def places(trace: TracebackType | None) -> list[str]:
    """The innermost places of a traceback, as `file:line function`: no values, no source text."""
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def reduce_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the exception's type and places."""
    found: Any = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if error:
        exception = cast(BaseException, error)
        event["error"] = type(exception).__name__
        event["places"] = places(exception.__traceback__)
    return event


def hide_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank the fields whose names say that they are about a person or are a secret."""
    for field in HIDDEN & event.keys():
        event[field] = "(hidden)"
    return event
