"""What is refused with 400 or 413 is kept in quarantine, if its source can be told: so it can be found again."""

import json
from collections.abc import Mapping

import structlog

from leadgen.app.body import Oversized
from leadgen.app.problems import MALFORMED, TOO_LARGE, UNAVAILABLE, Problem, list_members
from leadgen.app.queries import Refused
from leadgen.app.services import Services
from leadgen.escapes import mend_text

KEPT_BYTES = 65_536  # of a body that is too large

log = structlog.get_logger()


async def keep_refused(
    services: Services,
    problem: Problem,
    body: bytes,
    context: Mapping[str, str],
    source_key: str | None = None,
    position: int | None = None,
    *,
    most: int | None = None,
) -> bool:
    """Keep a submission that is refused with this problem; its answer then names the row as `quarantine_id`.

    Of a body that is too large, or larger than `most` bytes, the beginning is kept. One that cannot be kept now is
    refused all the same. Returns False where the database is away.
    """
    if problem.kind not in (MALFORMED, TOO_LARGE):
        return True
    cut = None
    if isinstance(problem, Oversized):
        body, cut, most = problem.begins, problem.cut_bytes, KEPT_BYTES
    if most is not None and len(body) > most:
        cut = (cut or 0) + len(body) - most
        body = body[:most]
    if not body:
        return True
    text = mend_text(body.decode(errors="replace")).replace("\0", "\ufffd")
    known = {name: value for name, value in context.items() if name != "signature"}
    answer = mend_text(json.dumps(list_members(problem)))
    try:
        said = json.dumps(known)
        if services.sealer:
            document = {"text": text, "source_key": source_key, "position": position}
            said = await services.sealer.seal_text(known, document)
        kept = await services.queries.keep_refused(Refused(source_key, text, position, cut), said, answer)
    except Problem as trouble:
        log.warning("refused submission not kept", problem=trouble.kind.slug)
        return trouble.kind is not UNAVAILABLE
    if kept is not None:
        problem.extra = {**problem.extra, "quarantine_id": kept}
    return True
