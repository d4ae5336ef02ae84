"""Which column of a file is which field of a lead."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from leadgen.errors import LeadGenError
from leadgen.imports.table import OURS, OUTCOME

KEY = "idempotency_key"
ATTRIBUTE = "attributes."
LEFT_OUT = ""
# Each field of a lead, and besides its own name how headings spell it, without blanks and signs.
SPELLINGS: dict[str, str] = {
    "name": "fullname contact contactname customer customername leadname yourname",
    "first_name": "fname forename givenname first",
    "last_name": "lname surname familyname last",
    "email": "emailaddress mail emailid contactemail",
    "phone": "phonenumber phoneno telephone telephonenumber tel mobile mobilenumber mobilephone mobilephonenumber cell "
    "cellphone cellnumber cellphonenumber contactnumber contactphone primaryphone phone1",
    "postal_code": "zip zipcode postcode zippostalcode zippostcode zip5",
    "city": "town cityname citytown",
    "region_code": "region state statecode province stateprovince stateorprovince",
    "country_code": "country countryname",
    "message": "comment comments yourmessage customermessage",
    "consent": "tcpaconsent",
    "gdpr_consent": "gdpr",
    "consent_at": "consentdate consenttime consenttimestamp",
    "consent_certificate_url": "certificateurl trustedformurl trustedformcerturl xxtrustedformcerturl",
    "consent_certificate_id": "certificateid jornayaleadid universalleadid leadidtoken",
    "consent_text_version": "",
    "consent_text": "consentlanguage tcpalanguage disclosure",
    "form_token": "",
    "external_id": "id leadid recordid crmid partnerleadid",
    "source": "",
    "utm_source": "",
    "utm_medium": "",
    "utm_campaign": "",
    "utm_term": "",
    "utm_content": "",
    "landing_url": "landingpage landingpageurl pageurl formurl",
    "referrer": "referer referrerurl refererurl",
    "gclid": "",
    "fbclid": "",
    "click_id": "",
    "session_id": "",
    "sub_id": "",
    "sub_id1": "",
    "sub_id2": "",
    "sub_id3": "",
    "sub_id4": "",
    "sub_id5": "",
    "ip_address": "ip userip clientip",
    "user_agent": "",
    KEY: "",
}
HALVES = ("first_name", "last_name")  # of name
CONTACT = ("name", "email", "phone", "postal_code")  # without which a lead fails validation

_SIGNS = re.compile(r"[\W_]+")
_ATTRIBUTE = re.compile(r"attributes(?:\.(.+)|\[(.+)\])")


class Others(Enum):
    """What becomes of columns that are no field of ours and that nobody named."""

    REFUSED = "refused"
    ATTRIBUTES = "attributes"
    LEFT_OUT = "left out"


class Column(NamedTuple):
    """A column of a file: its place, its heading, the field it is (empty: left out), and whether that is a guess."""

    place: int
    heading: str
    field: str
    is_guess: bool = False


def guess_field(heading: str) -> str | None:
    """The field that a heading names; None: it is none of ours."""
    if attribute := _ATTRIBUTE.fullmatch(heading):
        return ATTRIBUTE + (attribute[1] or attribute[2])
    return _KNOWN.get(_strip_signs(heading))


def is_known(heading: str) -> bool:
    """Whether a heading names a field, or a column of a report."""
    return heading in OURS or guess_field(heading) is not None


def read_map(lines: Iterable[str], place: str) -> dict[str, str]:
    """A map of columns out of lines `Column=field`; `Column=` leaves a column out. Raises LeadGenError.

    `place` is where they stand, for messages.
    """
    columns: dict[str, str] = {}
    for line in lines:
        heading, sign, field = (part.strip() for part in line.rpartition("="))
        if not sign or not heading:
            raise LeadGenError(
                f"{place}: found {line.strip()!r}, allowed COLUMN=FIELD, or COLUMN= to leave it out"
            )
        if field and field not in SPELLINGS and not (field.startswith(ATTRIBUTE) and field != ATTRIBUTE):
            close = difflib.get_close_matches(field, SPELLINGS, n=1) or [ATTRIBUTE + field]
            raise LeadGenError(
                f"{place}: found the field {field!r} for the column {heading!r}, allowed attributes.NAME and "
                f"{', '.join(SPELLINGS)}. Did you mean {close[0]}?"
            )
        if columns.setdefault(heading, field) != field:
            raise LeadGenError(
                f"{place}: found {columns[heading]!r} and {field!r} for the column {heading!r}, allowed one"
            )
    return columns


def match_columns(headings: Sequence[str], said: Mapping[str, str], others: Others) -> list[Column]:
    """The map of a file's columns: what was said of them, else what their headings say. A report's own are not in it.

    Raises LeadGenError where a column is not there, two are one field, or nobody said what one is.
    """
    if OUTCOME in headings:
        raise LeadGenError(
            f"found the column {OUTCOME}: this is a list of what became of rows, allowed the file that was imported, "
            "or its report"
        )
    fields = _read_said(headings, said)
    columns: list[Column] = []
    taken = {field for field in fields.values() if field}
    taken |= set(HALVES) if "name" in taken else {"name"} if taken & set(HALVES) else set()
    guesses = {heading: guess_field(heading) for heading in headings if heading not in fields}
    if "name" not in taken and "name" in guesses.values():
        taken |= set(HALVES)
    unknown: list[str] = []
    for place, heading in enumerate(headings):
        if heading in OURS:
            continue
        if heading in fields:
            columns.append(Column(place, heading, fields[heading]))
        elif (field := guesses[heading]) and field not in taken:
            taken.add(field)
            columns.append(Column(place, heading, field, is_guess=True))
        elif others is Others.ATTRIBUTES:
            columns.append(Column(place, heading, _name_attribute(heading, taken), is_guess=True))
        else:
            columns.append(Column(place, heading, LEFT_OUT, is_guess=True))
            unknown.append(heading)
    _check_columns(columns, headings)
    if unknown and others is Others.REFUSED:
        raise LeadGenError(
            f"no field of a lead is called {' or '.join(map(repr, unknown))}. Say what becomes of such columns: "
            "--attributes keeps them as attributes, --leave-out leaves them out, --map 'COLUMN=FIELD' names a field"
        )
    return columns


def list_missing(columns: Sequence[Column]) -> list[str]:
    """The fields without which every lead fails validation and that no column is."""
    there = {column.field for column in columns}
    return [
        field for field in CONTACT if field not in there and not (field == "name" and there & set(HALVES))
    ]


def _read_said(headings: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    by_signs = {_strip_signs(heading): heading for heading in reversed(headings)}
    for name, field in said.items():
        heading = name if name in headings else by_signs.get(_strip_signs(name) or name)
        if heading is None or heading in OURS:
            raise LeadGenError(f"--map: found the column {name!r}, allowed {', '.join(map(repr, headings))}")
        fields[heading] = field
    twice = {field for field in fields.values() if field and list(fields.values()).count(field) > 1}
    for field in sorted(twice):
        two = ", ".join(repr(heading) for heading, one in fields.items() if one == field)
        raise LeadGenError(f"--map: found {two} for the field {field}, allowed one column")
    return fields


def _check_columns(columns: Sequence[Column], headings: Sequence[str]) -> None:
    if not any(column.field and not column.field.startswith(ATTRIBUTE) for column in columns):
        raise LeadGenError(
            f"the first line is {', '.join(map(repr, headings))}: found no heading that names a field, allowed a first "
            "line with the headings of the columns, such as name, email, phone, postal_code. If these are headings, "
            "name them by --map 'COLUMN=FIELD'"
        )


def _name_attribute(heading: str, taken: set[str]) -> str:
    name = _SIGNS.sub("_", unicodedata.normalize("NFKC", heading).lower()).strip("_") or "column"
    unique, times = ATTRIBUTE + name, 2
    while unique in taken:
        unique = f"{ATTRIBUTE}{name}_{times}"
        times += 1
    taken.add(unique)
    return unique


def _strip_signs(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading).casefold()
    return _SIGNS.sub("", "".join(one for one in plain if not unicodedata.combining(one)))


_KNOWN = {
    spelling: field
    for field, spellings in SPELLINGS.items()
    for spelling in (field.replace("_", ""), *spellings.split())
}
