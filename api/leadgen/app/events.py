"""The route of the feed: `GET /api/events`, page by page as JSON, or as Server-Sent Events for whoever accepts them."""

import re
from functools import partial

from litestar import Response, get
from litestar.response import Stream

from leadgen.app.cookies import SESSION, hash_token
from leadgen.app.headers import group, key_hash_of, read_caller
from leadgen.app.key_first import BY_ITSELF
from leadgen.app.openapi.models import FeedPage
from leadgen.app.openapi.operations import (
    BUYER,
    OPERATOR,
    SCOPED_KEY,
    TOO_OFTEN,
    TWO_KEYS,
    USER,
    Json,
    answer,
    operation,
    parameter,
    refused,
)
from leadgen.app.problems import GONE, Problem
from leadgen.app.queries import MAX_BIGINT
from leadgen.app.services import FromServices, Request, Services

JSON, EVENTS = "application/json", "text/event-stream"
MOST, USUAL = 500, 100
MOST_KINDS = 20
NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
KIND = re.compile(r"[a-z]{1,30}\.[a-z]{1,30}", re.ASCII)
PLACE = f"a number from 0 to {MAX_BIGINT}"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def page_or_stream() -> Json:
    """The answer 200."""
    said = answer(200, "A page; or, for `Accept: text/event-stream`, the stream.", FeedPage)
    example = 'id: 71\nevent: sale.made\ndata: {"id": 71, "kind": "sale.made", "at": "…", "data": {"lead_id": 9}}\n\n'
    said["200"]["content"][EVENTS] = {"schema": {"type": "string"}, "example": example}
    return said


@get(
    "/api/events",
    summary="Listen to the feed",
    security=[*OPERATOR, *BUYER, *USER],
    opt={BY_ITSELF: True},  # by a session, too
    operation_class=operation(
        page_or_stream(),
        refused(TWO_KEYS, Problem.of_field("after", "a text", PLACE)),
        SCOPED_KEY,
        refused(
            Problem(GONE, "Items up to 900 are not kept any more: what came after 7 is incomplete"),
            description="The place is not kept any more, or is not of this database",
        ),
        TOO_OFTEN,
        parameters=(
            parameter(
                "query",
                "after",
                "Only items after this one: `next_after` of the page before. None: a page begins with the oldest item "
                "that is kept, a stream with what comes from now on.",
                required=False,
                type="integer",
                format="int64",
            ),
            parameter(
                "query",
                "limit",
                "At most so many, in a page.",
                required=False,
                type="integer",
                minimum=1,
                maximum=MOST,
                default=USUAL,
            ),
            parameter("query", "kind", "Only these kinds; may be given several times.", required=False),
            parameter(
                "header",
                "Last-Event-ID",
                "In a stream, instead of `after`: a browser's EventSource sends it when it connects again.",
                required=False,
            ),
        ),
    ),
)
async def read_feed(request: Request, services: FromServices) -> Response[bytes] | Stream:
    """What happened: leads, sales, returns, limits near and reached, endpoints, balances, policies. Operators see all
    of it, buyers their own. Ids rise, and nothing is missing between two of them that you are shown.
    """
    caller = await admit_reader(request, services)
    key_hash = key_hash_of(caller)
    is_stream = EVENTS in request.headers.get("accept", "")
    with services.rates.judge_key(caller):
        reader = await services.queries.find_feed_reader(key_hash)
        after, limit = read_place(request, is_stream=is_stream), read_limit(request)
        kinds = read_kinds(request)
        pages = partial(services.queries.show_feed, reader, key_hash, kinds)
        if not is_stream:
            page = await pages(after, limit)
            return Response(page.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})
        # Keys and sessions can be made in numbers: what a buyer has open counts as its own, whoever opened it.
        holder = key_hash if reader == "operator" else reader
        services.feed.check_room(holder)
        start = await services.queries.find_feed_head() if after is None else after
        await pages(start, 1)  # whatever is wrong with the place is said with a status
    return Stream(services.feed.stream(holder, start, pages), media_type=EVENTS, headers=HEADERS)


async def admit_reader(request: Request, services: Services) -> dict[str, str]:
    """Who calls, by a key or by a session. Raises Problem when a rate limit is reached."""
    scope = request.scope
    caller = read_caller(group(scope["headers"]), scope["client"], services.trusted_proxies)
    if "api_key_hash" not in caller and (cookie := services.cookies.read(request, SESSION)):
        caller["api_key_hash"] = hash_token(cookie)
    await services.rates.check_head(caller)
    return caller


def read_place(request: Request, *, is_stream: bool) -> int | None:
    """After which item; None: not said. A browser that connects again says it in a header, and that is newer."""
    values = request.query_params.getall("after", [])
    name = "after"
    if is_stream and (last := request.headers.get("last-event-id")):
        name, values = "Last-Event-ID", [last]
    if not values:
        return None
    if len(values) > 1 or not NUMBER.fullmatch(values[0]) or int(values[0]) > MAX_BIGINT:
        raise Problem.of_field(name, "several" if len(values) > 1 else "another text", PLACE)
    return int(values[0])


def read_limit(request: Request) -> int:
    """How many items of a page. Raises Problem."""
    values = request.query_params.getall("limit", [])
    if not values:
        return USUAL
    if len(values) > 1 or not NUMBER.fullmatch(values[0]) or not 1 <= int(values[0]) <= MOST:
        raise Problem.of_field("limit", "another value", f"a number from 1 to {MOST}")
    return int(values[0])


def read_kinds(request: Request) -> list[str] | None:
    """Which kinds; None: all. Raises Problem for what can be no kind; whether there is one, the database knows."""
    values = request.query_params.getall("kind", [])
    if len(values) > MOST_KINDS:
        raise Problem.of_field("kind", f"{len(values)} of them", f"at most {MOST_KINDS}")
    if not all(KIND.fullmatch(value) for value in values):
        raise Problem.of_field("kind", "another text", "a kind such as sale.made")
    return list(values) or None
