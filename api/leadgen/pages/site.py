"""A site of pages: its name, its links and its templates, and how a page of it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined, select_autoescape
from litestar import Response
from litestar.datastructures import Cookie

from leadgen.app.every_answer import SECURITY_HEADERS
from leadgen.app.services import Request
from leadgen.pages.assets import find_asset
from leadgen.pages.words import FILTERS

Json = dict[str, Any]

HTML = "text/html; charset=utf-8"
# Nothing comes from elsewhere or stands in the page itself. A form's Origin must say who we are: hence the referrer.
PAGE_HEADERS = SECURITY_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Cookie",
}


@dataclass(frozen=True)
class Link:
    """An entry of a site's navigation; `right`: who has it sees the entry (identity.list_rights)."""

    name: str
    path: str
    right: str = "read"


@dataclass(frozen=True)
class Site:
    """A site. `package` has its templates; those of the shell are named shell/…, its own own/…."""

    name: str
    home: str
    package: str
    links: tuple[Link, ...] = ()
    environment: Environment = field(init=False)

    def __post_init__(self) -> None:
        """Make the templates' environment."""
        environment = Environment(
            loader=PrefixLoader(
                {"shell": PackageLoader("leadgen.pages"), "own": PackageLoader(self.package)}
            ),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= FILTERS
        environment.globals |= {"site": self, "asset": lambda name: find_asset(name).path}
        object.__setattr__(self, "environment", environment)

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """The text of a template."""
        return self.environment.get_template(template).render(values)

    def show(
        self,
        template: str,
        values: Mapping[str, Any],
        status: int = 200,
        cookies: tuple[Cookie, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response[bytes]:
        """A page, or a part of one, as an answer. What the layout needs and is not given is as of nobody."""
        whole = {
            "me": None,
            "csrf": "",
            "flash": None,
            "problem": None,
            "filled": {},
            "place": self.home,
            **values,
        }
        return Response(
            self.render(template, whole).encode(),
            status_code=status,
            media_type=HTML,
            headers={**PAGE_HEADERS, **(headers or {})},
            cookies=list(cookies),
        )


def is_part(request: Request) -> bool:
    """Whether htmx asks, for a part of a page."""
    return request.headers.get("hx-request") == "true"


def redirect(place: str, *cookies: Cookie) -> Response[bytes]:
    """Send the browser on by GET."""
    headers = {"Location": place, "Cache-Control": "no-store"}
    return Response(b"", status_code=303, headers=headers, cookies=list(cookies))
