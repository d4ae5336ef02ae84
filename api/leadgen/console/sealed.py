"""Sealed leads and submissions on pages: opened in this process for one answer, and never kept."""

import json
from typing import Any

from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.sealing import NOT_OPENED
from leadgen.app.services import Services
from leadgen.console.queries import OPEN_SUBMISSION, RESUBMIT
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor

MOST_CALLS = 4  # the database asks for one text after another


async def find_hash_key(services: Services) -> str | None:
    """The digest key, by which what is sealed is found; None: this API does not seal. Raises Problem."""
    if services.sealer is None:
        return None
    await services.sealer.get_ready()
    return services.sealer.vault.hash_key


async def open_contact(services: Services, found: Json) -> Json:
    """The contact that leadgen.open_lead_for answers, opened where it is sealed. Raises Problem."""
    if "sealed" not in found:
        return found
    if services.sealer is None:
        raise Problem(UNAVAILABLE, NOT_OPENED)
    return await services.sealer.open_contact(
        bytes.fromhex(found["sealed"]), (found["phone"], found["email"])
    )


async def write_opened(services: Services, contact: Json) -> str | None:
    """A contact and the digest key, as leadgen.erase_lead_for asks for them; None where this API does not seal."""
    key = await find_hash_key(services)
    names = ("name", "email", "phone", "phone_extension", "message")
    return (
        None if key is None else json.dumps({"hash_key": key, "contact": [contact[name] for name in names]})
    )


async def resubmit(visitor: Visitor, quarantine_id: int) -> Json:
    """Submit a submission of quarantine again, opened and sealed anew where it was sealed. Raises Problem."""
    sealer, opened = visitor.services.sealer, dict[str, Any]()
    if sealer is not None:
        await sealer.get_ready()
        sealed = await visitor.call(OPEN_SUBMISSION, quarantine_id, "resubmitted on a page")
        if sealed:
            opened["document"] = await sealer.open_submission(bytes.fromhex(sealed))
        opened["sealing"] = {"hash_key": sealer.vault.hash_key, "blobs": {}}
    answer: Json = {}
    for _ in range(MOST_CALLS):
        text = await visitor.call(RESUBMIT, quarantine_id, json.dumps(opened) if opened else None)
        answer = json.loads(text)
        if answer["status"] != "seal" or sealer is None:
            break
        opened["sealing"]["blobs"] |= sealer.seal_wanted(text)
    return answer
