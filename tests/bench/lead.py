"""The leads that are handed in: valid, new, and of places that buyers want (see catalogue.sql)."""

import random
import re

FIRST_PLACE, PLACES = 11, 20  # offer 1 takes leads of place 11
# What differs from lead to lead, and the lowest and highest that it may be.
DRAWN = {
    "place": (FIRST_PLACE, FIRST_PLACE + PLACES - 1),
    "block": (10, 99),
    "city": (0, 9),  # the last digit of the postal code: its place is the city
    "person": (1, 9 * 10**18),
    "area": (212, 219),
    "number": (2_000_000, 9_999_999),
    "age": (0, 59),
    "net": (0, 255),
    "host": (0, 255),
}
MESSAGE = "Water comes from under the sink, please call before noon. The main valve is closed."
LEAD = (
    '{"source_key": "s<place>", "name": "John Smith", "email": "j<person>@example.org",'
    ' "phone": "+1<area><number>", "postal_code": "<place><block><city>", "city": "New City <city>",'
    f' "message": "{MESSAGE}", "consent": true,'
    ' "landing_url": "https://plumbing.example/emergency?gclid=Cj0KCQ",'
    ' "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "plumbing",'
    ' "attributes": {"job_type": "leak", "property": "house", "urgent": true, "house_age": <age>}}'
)
# The same lead as people and broken exports send it: six fields are read or mended.
MENDED = (
    LEAD.replace('"+1<area><number>"', '"(<area>) <number> ext. 4"')
    .replace('"<place><block><city>"', '"<place><block><city>.0"')
    .replace('"New City <city>"', '"NEW  CITY <city>, TX"')
    .replace('"consent": true', '"consent": "on"')
    .replace('"house_age": <age>', '"house_age": "<age>"')
    .replace('"utm_medium": "cpc"', '"utm_medium": ["cpc"]')
)
CONTEXT = '{"ip_address": "198.18.<net>.<host>", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}'


def pick_place() -> int:
    """Any place."""
    return random.randint(*DRAWN["place"])


def bounds(place: int | None) -> dict[str, tuple[int, int]]:
    """The numbers of a lead of any place, or of one."""
    return DRAWN if place is None else DRAWN | {"place": (place, place)}


def draws(place: int | None = None) -> str:
    """The head of a pgbench script, which draws the numbers of a lead."""
    drawn = bounds(place).items()
    return "".join(rf"\set {name} random({low}, {high})" + "\n" for name, (low, high) in drawn)


def text(template: str) -> str:
    """A template as an SQL expression over the numbers that pgbench has drawn."""
    return "('" + re.sub("<(.*?)>", r"' || :\1 || '", template) + "')"


def submit_script(place: int | None = None, lead: str = LEAD) -> str:
    """A pgbench script that hands one lead in."""
    return f"{draws(place)}select leadgen.submit_lead({text(lead)}::jsonb, {text(CONTEXT)}::jsonb);\n"


def make_lead(place: int | None = None, lead: str = LEAD) -> str:
    """The JSON of one lead."""
    drawn = {name: str(random.randint(low, high)) for name, (low, high) in bounds(place).items()}
    return re.sub("<(.*?)>", lambda found: drawn[found[1]], lead)
