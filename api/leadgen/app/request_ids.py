"""The id of the request under way, known to whatever is done for it."""

import uuid
from contextvars import ContextVar

import structlog

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def begin_request(request_id: str) -> None:
    """From here on this task works for the request: each line that it logs has the id."""
    _current.set(request_id)
    structlog.contextvars.bind_contextvars(request_id=request_id)


def name_request() -> str:
    """The request as a URI, for `instance` of a problem; a new one where no request is under way."""
    request_id = _current.get() or make_request_id()
    try:
        is_uuid = str(uuid.UUID(request_id)) == request_id
    except ValueError:
        is_uuid = False
    return f"urn:{'uuid' if is_uuid else 'leadgen:request'}:{request_id}"


def make_request_id() -> str:
    """A new id."""
    return str(uuid.uuid4())
