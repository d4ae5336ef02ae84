"""Errors as the client sees them: RFC 9457 problem details."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NamedTuple, NotRequired, TypedDict

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from psycopg import Error

from leadgen.app.request_ids import name_request
from leadgen.log import places

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2

RECORDED = "The failure was recorded. It is safe to try again with the same idempotency key."

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]


class Kind(NamedTuple):
    """A problem type: its status, the last part of its `type` and its title."""

    status: int
    slug: str
    title: str

    @property
    def type(self) -> str:
        """The `type` member."""
        return f"urn:leadgen:problem:{self.slug}"


MALFORMED = Kind(400, "malformed-request", "The request is malformed")
UNAUTHORIZED = Kind(401, "unauthorized", "No valid API key")
FORBIDDEN = Kind(403, "forbidden", "The API key does not allow this")
NOT_FOUND = Kind(404, "not-found", "Not found")
METHOD_NOT_ALLOWED = Kind(405, "method-not-allowed", "The method is not allowed here")
TOO_SLOW = Kind(408, "too-slow", "The request came too slowly")
CONFLICT = Kind(409, "conflict", "The state of the record does not allow this")
GONE = Kind(410, "gone", "What was asked for is not kept any more")
TOO_LARGE = Kind(413, "too-large", "The body is too large")
URL_TOO_LONG = Kind(414, "url-too-long", "The URL is too long")
UNSUPPORTED = Kind(415, "unsupported-media-type", "The body's type is not supported")
QUARANTINED = Kind(422, "quarantined", "No active source claims this lead; it is kept for an operator")
KEY_REUSED = Kind(422, "idempotency-key-reused", "The idempotency key was used with another body")
CONFIGURATION_REFUSED = Kind(422, "configuration-refused", "The configuration is not valid")
TOO_MANY = Kind(429, "too-many-requests", "Too many requests")
HEAD_TOO_LARGE = Kind(431, "head-too-large", "The request's headers are too large")
UNEXPECTED = Kind(500, "unexpected", "Something went wrong on our side")
UNAVAILABLE = Kind(503, "unavailable", "The service is not available now")

BY_STATUS = {kind.status: kind for kind in (NOT_FOUND, METHOD_NOT_ALLOWED)}


class FieldError(TypedDict):
    """What is wrong with one field. `field` is a path (`attributes.rooms[0]`), a header's name, or `body`."""

    field: NotRequired[str]
    found: NotRequired[str]
    allowed: NotRequired[str]


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818  RFC 9457's word
    """An error answer. `extra` are further members of the body."""

    kind: Kind
    detail: str
    errors: list[FieldError] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_field(
        cls, name: str, found: str, allowed: str, kind: Kind = MALFORMED, **headers: str
    ) -> "Problem":
        """The problem of one field. Neither `found` nor `allowed` may repeat a value that was sent."""
        errors = [FieldError(field=name, found=found, allowed=allowed)]
        named = {header.replace("_", "-"): value for header, value in headers.items()}
        return cls(kind, f"{name}: found {found}; allowed: {allowed}", errors, named)


def respond(problem: Problem) -> Response[bytes]:
    """The HTTP answer."""
    body, headers = compose(problem)
    return Response(body, status_code=problem.kind.status, media_type=MEDIA_TYPE, headers=headers)


def compose(problem: Problem) -> tuple[bytes, dict[str, str]]:
    """The body of the answer, and its headers but for those of the body."""
    headers = {"Cache-Control": "no-store", **list_headers(problem.kind), **problem.headers}
    return json.dumps(list_members(problem)).encode(), headers


def list_members(problem: Problem) -> dict[str, object]:
    """The members of the answer's body."""
    kind = problem.kind
    members: dict[str, object] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        **problem.extra,
    }
    if problem.errors:
        members["errors"] = problem.errors
    return members


def list_headers(kind: Kind) -> dict[str, str]:
    """The headers that every problem of the kind has."""
    if kind.status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if kind.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def on_problem(request: AnyRequest, problem: Problem) -> Response[bytes]:
    """Answer a problem, with the id of its request; one of ours (5xx) is logged under it."""
    reference = name_request()
    if problem.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log_failure(request, problem, reference)
    return respond(replace(problem, extra={**problem.extra, "instance": reference}))


def on_http_exception(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what Litestar itself refuses: an unknown path or method, an odd Host header."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_unexpected(request, error)
    kind = BY_STATUS.get(error.status_code, MALFORMED)
    return on_problem(request, Problem(kind, kind.title, headers=error.headers or {}))


def on_unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer a defect of ours: 500 and nothing about its inside."""
    problem = Problem(UNEXPECTED, RECORDED)
    problem.__cause__ = error
    return on_problem(request, problem)


def _log_failure(request: AnyRequest, problem: Problem, reference: str) -> None:
    cause = problem.__cause__ or problem
    database = cause.diag if isinstance(cause, Error) else None
    log.error(
        "request failed",
        route=request.scope.get("path_template"),
        status=problem.kind.status,
        problem=problem.kind.slug,
        reference=reference,
        error=type(cause).__name__,
        sqlstate=database and database.sqlstate,
        constraint=database and database.constraint_name,
        functions=_functions(database.context) if database else None,
        places=places(cause.__traceback__),
    )


def _functions(context: str | None) -> list[str]:
    """The PL/pgSQL lines of an error's context; its other lines may quote data."""
    return [line for line in (context or "").splitlines() if line.startswith("PL/pgSQL function ")]


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    Exception: on_unexpected,
}
