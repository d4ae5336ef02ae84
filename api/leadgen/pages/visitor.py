"""Who looks at a page, and what is asked of the database for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from litestar import Response

from leadgen.app.account_queries import SHOW_ME
from leadgen.app.cookies import SESSION, hash_token, make_csrf_token
from leadgen.app.headers import group, read_address_of_caller
from leadgen.app.problems import TOO_MANY, Problem
from leadgen.app.services import Request, Services
from leadgen.app.signed_in import NOT_SIGNED_IN, Presented, as_user, check_origin
from leadgen.pages.flash import forget_flash, read_flash, write_flash
from leadgen.pages.forms import is_genuine, read_fields, refuse_form
from leadgen.pages.site import Json, Site, redirect
from leadgen.pages.turns import Turns

KEPT = "kept_fields"  # in the state of a request: what its form said, if its sender has to sign in again
MOST_OF_ONE = 4  # long reads of a session
LONG_READS = Turns(at_once=2, of_one=MOST_OF_ONE, in_all=20)
CHANGED = "session_changed"  # the form is of ours, and of an earlier session


@dataclass(frozen=True)
class Visitor:
    """A session in a browser, on a page of a site. Whether it is in force, the database says when it is asked."""

    site: Site
    request: Request
    services: Services
    presented: Presented
    fields: dict[str, str] = field(default_factory=dict)  # of the form

    @property
    def csrf(self) -> str:
        """What each form of the page carries."""
        return make_csrf_token(self.presented.token)

    async def ask(self, query: str, *arguments: object) -> Json:
        """What a function of the façade answers this session: an object. Raises Problem."""
        found: Json = json.loads(await self.call(query, *arguments), parse_float=Decimal)
        return found

    async def ask_again(self, query: str, *arguments: object) -> Json:
        """The same for a page that asks by itself: nobody acts, and the session is kept alive by it no longer."""
        with as_user(self.services, self.presented):
            ((value,),) = await self.services.queries.fetch(
                query, (self.presented.token_hash, *arguments), unattended=True
            )
        found: Json = json.loads(value, parse_float=Decimal)
        return found

    async def ask_for_long(self, query: str, *arguments: object) -> Json:
        """The same as `ask` for what may read for seconds. Raises Problem (429) when too many of it wait.

        Few are asked at once, whatever people open: leads need the pool's other connections. The session is noted as
        used before, not in the same transaction, or its other pages would wait for this one.
        """
        refusal = Problem(TOO_MANY, "Too much is being read already. Try again in a moment.")
        async with LONG_READS.take(self.presented.token_hash, refusal):
            await self.call(SHOW_ME)
            return await self.ask_again(query, *arguments)

    async def call(self, query: str, *arguments: object) -> Any:
        """The value of a function of the façade; the first argument is the session. Raises Problem."""
        with as_user(self.services, self.presented):
            ((value,),) = await self.services.queries.fetch(query, (self.presented.token_hash, *arguments))
        return value

    def show(
        self,
        template: str,
        values: Mapping[str, Any],
        problem: Problem | None = None,
        filled: Mapping[str, str] | None = None,
    ) -> Response[bytes]:
        """A page. With a problem it says what is wrong, and its form has what was typed."""
        flash = read_flash(self.request, self.services.cookies, self.presented.token)
        whole = {
            "csrf": self.csrf,
            "flash": flash,
            "problem": problem,
            "said": set(),  # where the page says it: a form that is not there any more says nothing
            "filled": filled or {},
            "place": self.request.url.path,
            **values,
        }
        cookies = (forget_flash(self.services.cookies),) if flash else ()
        return self.site.show(template, whole, problem.kind.status if problem else 200, cookies)

    def show_part(self, template: str, values: Mapping[str, Any]) -> Response[bytes]:
        """A part of a page, for htmx."""
        return self.site.show(template, {"csrf": self.csrf, "place": self.request.url.path, **values})

    def go(self, place: str, said: str) -> Response[bytes]:
        """On to another page, which says what was done."""
        return redirect(place, write_flash(self.services.cookies, self.presented.token, said))


async def admit(site: Site, request: Request, services: Services) -> Visitor:
    """Who asks for a page, or sends a form. Raises Problem: not signed in, another's form, or a rate limit."""
    scope = request.scope
    context = read_address_of_caller(group(scope["headers"]), scope["client"], services.trusted_proxies)
    token = services.cookies.read(request, SESSION)
    if token is not None:
        context |= {"api_key_hash": hash_token(token)}
    await services.rates.check_head(context)
    fields: dict[str, str] = {}
    if request.method == "POST":
        check_origin(request, services)
        fields = await read_fields(request)
        setattr(request.state, KEPT, fields)
    if token is None:
        raise Problem(NOT_SIGNED_IN, "Not signed in")
    if request.method == "POST" and not is_genuine(request, fields, token):
        # A browser says the origin of a form by itself: then it is ours, and of an earlier session.
        setattr(request.state, CHANGED, request.headers.get("origin") is not None)
        raise refuse_form()
    return Visitor(site, request, services, Presented(token, True, context), fields)
