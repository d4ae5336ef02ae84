"""The portal as a site: its links, in the order of a buyer's questions."""

from leadgen.pages.site import Link, Site

PORTAL = Site(
    "Portal",
    "/portal",
    "leadgen.portal",
    (
        Link("This week", "/portal", right="buy"),
        Link("Leads", "/portal/leads", right="buy"),
        Link("Terms", "/portal/terms", right="buy"),
        Link("Endpoints", "/portal/endpoints", right="buy"),
        Link("Money", "/portal/money", right="buy"),
        Link("Invoices", "/portal/invoices", right="buy"),
        Link("Keys", "/portal/keys", right="buy"),
        Link("Team", "/portal/team", right="manage"),
        Link("Notices", "/portal/notices", right="manage"),
    ),
)
