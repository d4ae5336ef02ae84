"""GET and POST /forms/{source_key}: the form, and what its visitor sends. The lead is submitted as any other is.

Under it are the thanks, the script that shows the form in another page, and how to paste either.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from litestar import Response, Router, get, post
from litestar.params import FromPath
from markupsafe import Markup

from leadgen.app.every_answer import SECURITY_HEADERS
from leadgen.app.headers import check_form_type, group, read_context
from leadgen.app.lead_forms import Fields, compose_payload, read_fields
from leadgen.app.leads import submit_body
from leadgen.app.problems import (
    MALFORMED,
    QUARANTINED,
    TOO_MANY,
    UNAVAILABLE,
    UNEXPECTED,
    Problem,
    on_problem,
)
from leadgen.app.services import FromServices, Request, Services
from leadgen.pages.assets import find_asset
from leadgen.pages.failures import make_handlers
from leadgen.pages.site import PAGE_HEADERS, Json, Site, redirect

FORMS = Site("Form", "/forms", "leadgen.forms")
LONGEST_KEY = 100
LONGEST_KEPT = 2_000  # characters of what says where a visitor comes from
SHOWN = "shown_consent"  # the field with the version of the consent text that the visitor saw
KEPT = (
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "gclid",
    "fbclid",
    "click_id",
    "sub_id",
    "landing_url",
    "referrer",
)
SHOW_FORM = "select leadgen.show_lead_form(%s)::text"
AN_HOUR = "public, max-age=3600"
SCRIPT = Markup('<script src="{}/embed.js" data-title="{}" async></script>')
FRAME = Markup('<iframe src="{}" title="{}" width="100%" height="900"></iframe>')
LATER = (TOO_MANY, UNAVAILABLE, UNEXPECTED)


@get("/forms/{source_key:str}", include_in_schema=False)
async def show_form(request: Request, services: FromServices, source_key: FromPath[str]) -> Response[bytes]:
    """The form. What its address says of where the visitor comes from is kept in it."""
    await services.admit_anybody(request)
    form = await _find(services, source_key)
    kept = {name: text for name in KEPT if (text := _bound(request.query_params.get(name, "")))}
    kept.setdefault("landing_url", _bound(request.headers.get("referer", "")) or _name_page(request))
    return _show(form, kept, {})


@get("/forms/{source_key:str}/thanks", include_in_schema=False)
async def show_thanks(request: Request, services: FromServices, source_key: FromPath[str]) -> Response[bytes]:
    """Where a visitor goes whose request was taken."""
    await services.admit_anybody(request)
    form = await _find(services, source_key)
    return FORMS.show("own/thanks.html", {"form": form}, headers=_frame(form))


@get("/forms/{source_key:str}/embed.js", include_in_schema=False)
async def give_script(request: Request, services: FromServices, source_key: FromPath[str]) -> Response[bytes]:
    """The script that shows the form in another page. It is one and the same for every form."""
    await services.admit_anybody(request)
    asset = find_asset("embed.js")
    headers = {"Cache-Control": AN_HOUR, "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(asset.body, media_type=asset.media_type, headers=headers)


@get("/forms/{source_key:str}/embed", include_in_schema=False)
async def show_snippets(
    request: Request, services: FromServices, source_key: FromPath[str]
) -> Response[bytes]:
    """What is pasted into a page that is to show the form."""
    await services.admit_anybody(request)
    form = await _find(services, source_key)
    home = services.site.origin if services.site else str(request.base_url).rstrip("/")
    place = f"{home}{form['place']}"
    values = {
        "form": form,
        "script": str(SCRIPT.format(place, form["title"])),
        "frame": str(FRAME.format(place, form["title"])),
    }
    return FORMS.show("own/embed.html", values)


@post("/forms/{source_key:str}", status_code=200, include_in_schema=False)
async def take_form(request: Request, services: FromServices, source_key: FromPath[str]) -> Response[bytes]:
    """What the form sends. What was not taken is shown again, with what is wrong beside each field."""
    headers = group(request.scope["headers"])
    context = read_context(headers, request.scope["client"], services.trusted_proxies)
    context.pop("api_key_hash", None)
    await services.rates.check_head(context)
    check_form_type(headers)
    form = await _find(services, source_key)
    typed: dict[str, str] = {}

    def as_json(body: bytes) -> bytes:
        fields = _pick(form, read_fields(body, headers))
        typed.update(fields)
        _check_consent(form, typed)
        return compose_payload(_add_consent(form, fields)).encode()

    try:
        status, outcome = await submit_body(request, services, context, as_json)
    except Problem as problem:
        return _refuse(request, form, typed, problem)
    facts = json.loads(outcome)
    if status == "accepted":
        return redirect(form["success_url"] or f"{form['place']}/thanks")
    if status == "rejected":
        faults = [(error["field"], _say(form, error["field"], error["reason"])) for error in facts["errors"]]
        return _show(form, typed, typed, faults=faults, status=400)
    if status == "limited":
        return _show(form, typed, typed, late=True, status=429, retry_after=facts["retry_after"])
    return FORMS.show("own/kept.html", {"form": form}, QUARANTINED.status, headers=_frame(form))


FORM_ROUTES = Router(
    path="/",
    route_handlers=[show_form, show_thanks, give_script, show_snippets, take_form],
    exception_handlers=make_handlers(FORMS),
)


async def _find(services: Services, source_key: str) -> Json:
    """The form of a source, with a fresh token. Raises Problem: 404."""
    key = source_key[: LONGEST_KEY + 1].replace("\0", "\ufffd")
    ((text,),) = await services.queries.fetch(SHOW_FORM, (key,))
    form: Json = json.loads(text)
    form["place"] = f"/forms/{quote(form['source_key'], safe='')}"  # a key may have blanks and any script
    return form


def _pick(form: Json, fields: Fields) -> dict[str, str]:
    """Of what was sent, what the form has. Raises Problem for a field that is filled in two ways."""
    known = {field["name"] for field in form["fields"]} | {*KEPT, "form_token", "consent", SHOWN}
    if form["honeypot"]:
        known.add(f"attributes.{form['honeypot']}")
    picked: dict[str, str] = {}
    for name, value in fields:
        if name in known and picked.setdefault(name, value) != value:
            raise Problem.of_field(name, "two different values", "one value")
    return picked


def _check_consent(form: Json, typed: dict[str, str]) -> None:
    """Who agreed to a text that has changed since is asked again. Raises Problem."""
    shown = typed.pop(SHOWN, None)
    if "consent" in typed and shown is not None and shown != (form["consent"] or {}).get("version"):
        del typed["consent"]
        raise Problem.of_field("consent", "an agreement to an earlier text", "the text as it reads now")


def _add_consent(form: Json, fields: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """The fields of the lead: of this source and, where its visitor agreed, to which text and when, to the minute.

    To the minute, so that a form that is sent twice at once is one lead.
    """
    lead = {name: value for name, value in fields.items() if value and name not in ("consent", SHOWN)}
    lead["source_key"] = form["source_key"]
    if form["consent"] and fields.get("consent") == "true":
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        lead |= {"consent": "true", "consent_text_version": form["consent"]["version"]}
        lead["consent_at"] = now.isoformat()
    return list(lead.items())


def _refuse(request: Request, form: Json, typed: Mapping[str, str], problem: Problem) -> Response[bytes]:
    answer = on_problem(request, problem)
    if problem.kind in LATER:
        status = answer.status_code or UNAVAILABLE.status
        return _show(
            form, typed, typed, late=True, status=status, retry_after=problem.headers.get("Retry-After")
        )
    if problem.kind is not MALFORMED:
        raise problem
    faults = [
        (error.get("field", ""), f"Found {error.get('found', 'another value')}; allowed: {error['allowed']}")
        for error in problem.errors
        if "allowed" in error
    ]
    return _show(form, typed, typed, faults=faults or [("", problem.detail)], status=problem.kind.status)


def _show(
    form: Json,
    kept: Mapping[str, str],
    typed: Mapping[str, str],
    *,
    faults: Sequence[tuple[str, str]] = (),
    late: bool = False,
    status: int = 200,
    retry_after: object = None,
) -> Response[bytes]:
    names = {field["name"] for field in form["fields"]} | {"consent"}
    values = {
        "form": form,
        "kept": {name: kept[name] for name in KEPT if kept.get(name)},
        "filled": typed,
        "beside": {field: reason for field, reason in reversed(faults) if field in names},
        "elsewhere": [reason for field, reason in faults if field not in names],
        "late": late,
    }
    wait = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return FORMS.show("own/form.html", values, status, headers=_frame(form) | wait)


def _say(form: Json, name: str, reason: str) -> str:
    """A reason that begins with the name of its field, with what the form calls it instead."""
    label = next((field["label"] for field in form["fields"] if field["name"] == name), None)
    if label is not None and reason.startswith(f"{name} "):
        return f"{label}{reason.removeprefix(name)}"
    return reason


def _frame(form: Json) -> dict[str, str]:
    """Who may show the page in a frame: browsers go by this, not by X-Frame-Options, which is there for all pages.

    A form whose sender is sent on to success_url is allowed that address, too: browsers hold redirects to form-action.
    """
    policy = PAGE_HEADERS["Content-Security-Policy"]
    ours = " ".join(("'self'", *form["frame_origins"]))
    policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {ours}")
    if form["success_url"]:
        place = urlsplit(form["success_url"])
        policy = policy.replace("form-action 'self'", f"form-action 'self' {place.scheme}://{place.netloc}")
    return {
        **SECURITY_HEADERS,
        **PAGE_HEADERS,
        "Content-Security-Policy": policy,
        "X-Robots-Tag": "noindex",
    }


def _bound(text: str) -> str:
    return text[:LONGEST_KEPT].replace("\0", "")


def _name_page(request: Request) -> str:
    return _bound(f"{request.base_url}{request.url.path.lstrip('/')}")
