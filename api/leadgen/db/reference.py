"""Facts about the world, copied from well-kept packages into tables, since a rule must be SQL.

phonenumbers gives numbering plans and area codes, zipcodes gives US postal codes, disposable-email-domains
gives the domains of throw-away mailboxes. A set whose packages and derivation did not change is skipped, and the
packages, half a second's worth of tables, are only imported for one that did.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql

from leadgen.db.owner import as_owner
from leadgen.db.regions import REGIONS

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata

Row = tuple[object, ...]

NORTH_AMERICA = "1"  # the calling code shared by the US, Canada and the islands
# Countries of their own in numbering, regions of the US in ISO 3166-2.
US_ISLANDS = ("AS", "GU", "MP", "PR", "VI")
PHONE_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


@dataclass(frozen=True)
class DataSet:
    """One reference table: its package, columns and rows, and the SQL that fills in what is computed."""

    table: LiteralString
    package: str
    key: tuple[LiteralString, ...]
    columns: tuple[LiteralString, ...]
    rows: Callable[[], Iterable[Row]]
    compute: LiteralString = ""
    computed: tuple[LiteralString, ...] = ()
    owned: LiteralString = (
        "true"  # which rows of the table are the set's: others are somebody's own, and stay
    )

    @property
    def fingerprint(self) -> str:
        """The package's version and this file's digest: either may change the rows."""
        own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
        return f"{self.package} {version(self.package)} {own}"


def load_reference(connection: psycopg.Connection) -> dict[str, int]:
    """Load the sets that changed, each in one transaction as leadgen_owner; returns their {table: rows}."""
    with as_owner(connection):
        stored: dict[str, str] = dict(
            connection.execute("select name, fingerprint from leadgen.reference_loads").fetchall()
        )
    changed = [data for data in DATA_SETS if stored.get(data.table) != data.fingerprint]
    return {data.table: _load(connection, data) for data in changed}


def _load(connection: psycopg.Connection, data: DataSet) -> int:
    with as_owner(connection), connection.cursor() as cursor:
        target = sql.Identifier("leadgen", data.table)
        cursor.execute(sql.SQL("create temp table incoming (like {}) on commit drop").format(target))
        with cursor.copy(sql.SQL("copy incoming ({}) from stdin").format(_names(data.columns))) as copy:
            for row in data.rows():
                copy.write_row(row)
        if data.compute:
            cursor.execute(data.compute)
        rows = _merge(cursor, data)
        cursor.execute(
            """
            insert into leadgen.reference_loads (name, fingerprint, rows, loaded_at)
            values (%s, %s, %s, now())
            on conflict (name) do update
            set fingerprint = excluded.fingerprint, rows = excluded.rows, loaded_at = excluded.loaded_at
            """,
            [data.table, data.fingerprint, rows],
        )
    return rows


def _merge(cursor: psycopg.Cursor, data: DataSet) -> int:
    """Make the table equal to `incoming`, touching only rows that differ: readers are never blocked."""
    target = sql.Identifier("leadgen", data.table)
    columns = data.columns + data.computed
    cursor.execute("analyze incoming")
    cursor.execute(
        sql.SQL("delete from {0} where {2} and ({1}) not in (select {1} from incoming)").format(
            target, _names(data.key), sql.SQL(data.owned)
        )
    )
    values = [column for column in columns if column not in data.key]
    action: sql.Composable = sql.SQL("nothing")
    if values:
        action = sql.SQL("update set ({0}) = row({1}) where ({2}) is distinct from ({1})").format(
            _names(values), _names(values, "excluded"), _names(values, "old")
        )
    cursor.execute(
        sql.SQL("insert into {0} as old ({1}) select {1} from incoming on conflict ({2}) do {3}").format(
            target, _names(columns), _names(data.key), action
        )
    )
    cursor.execute(sql.SQL("select count(*) from {}").format(target))
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _names(columns: Iterable[str], table: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(table, name) if table else sql.Identifier(name) for name in columns
    )


def phone_regions() -> Iterator[Row]:
    """(country_code, calling_code, place, international_prefix, parsing_prefix, prefix_rule, leading_digits,
    lengths, general_pattern, national_pattern) of every country, and of the world's own numbers as country 001.

    The countries of a calling code stand in the order in which the package asks them.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for calling_code, countries in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        for place, country in enumerate(countries, start=1):
            plan = _numbering_plan(country, calling_code)
            general = plan.general_desc
            if general is None:
                raise LookupError(f"phonenumbers has no lengths and no pattern of {country}")
            yield (
                country,
                str(calling_code),
                place,
                plan.international_prefix,
                plan.national_prefix_for_parsing,
                plan.national_prefix_transform_rule,
                plan.leading_digits,
                list(general.possible_length),
                general.national_number_pattern,
                _national_pattern(plan),
            )


def phone_line_types() -> Iterator[Row]:
    """(country_code, calling_code, line_type, pattern) of every kind of number that a country is known to have."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for calling_code, countries in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        for country in countries:
            plan = _numbering_plan(country, calling_code)
            for kind in PHONE_KINDS:
                described = getattr(plan, kind)
                if described and described.national_number_pattern:
                    yield country, str(calling_code), kind, described.national_number_pattern


def _national_pattern(plan: "PhoneMetadata") -> str:
    """What a valid national number of any kind matches whole."""
    kinds = [getattr(plan, kind) for kind in PHONE_KINDS]
    return "|".join(
        dict.fromkeys(kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern)
    )


def _numbering_plan(country: str, calling_code: int) -> "PhoneMetadata":
    from phonenumbers import PhoneMetadata

    plan = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, country)
    if plan is None:
        raise LookupError(f"phonenumbers knows no country {country}")
    return plan


def phone_areas() -> Iterator[Row]:
    """(prefix, country_code, region_code, is_whole) of the area codes of the US, its islands and Canada.

    An area code that spans provinces (902, 867) goes to the one the package names first. It is whole if every number
    from 200-0000 on is valid.
    """
    from phonenumbers.geodata import GEOCODE_DATA

    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for digits, names in GEOCODE_DATA.items():
        if digits.startswith(NORTH_AMERICA) and (region := _region(names.get("en", ""))):
            # The area code's own entry decides; where there is none, most of its exchanges do.
            votes[digits[:4]][region] += 1_000_000 if len(digits) == 4 else 1
    for prefix, regions in sorted(votes.items()):
        region = regions.most_common(1)[0][0]
        yield prefix, region[:2], region, _is_whole(prefix[1:], region[:2])
    for island in US_ISLANDS:
        for area in str(_numbering_plan(island, int(NORTH_AMERICA)).leading_digits).split("|"):
            yield f"{NORTH_AMERICA}{area}", island, f"US-{island}", _is_whole(area, island)


@cache  # it takes half of a second, and tests deploy often
def _is_whole(area: str, country: str) -> bool:
    valid = _valid_numbers(country)
    return all(valid.fullmatch(f"{area}{exchange}0000") for exchange in range(200, 1000))


@cache
def _valid_numbers(country: str) -> re.Pattern[str]:
    return re.compile(_national_pattern(_numbering_plan(country, int(NORTH_AMERICA))))


@cache
def _region(name: str) -> str | None:
    """`Texas`, `Austin, TX` and `Nova Scotia/Prince Edward Island` give US-TX, US-TX and CA-NS."""
    last = name.split("/")[0].rpartition(", ")[2]
    for country, regions in REGIONS.items():
        code = regions.get(last) or (last if last in regions.values() else None)
        if code:
            return f"{country}-{code}"
    return None


def postal_places() -> Iterator[Row]:
    """(country_code, postal_code, city, region_code, timezone, latitude, longitude, towns) of every US code.

    Towns are what the postal service accepts for the code beside its city. Some rows of the package have no
    position (0, 0), and some no zone or something else in its place.
    """
    import zipcodes

    places: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]
    for place in places:
        latitude, longitude = float(place["lat"]), float(place["long"])
        known = (latitude, longitude) != (0, 0)
        yield (
            "US",
            place["zip_code"],
            place["city"],
            f"US-{place['state']}",
            place["timezone"] if "/" in place["timezone"] else None,
            latitude if known else None,
            longitude if known else None,
            place["acceptable_cities"],
        )


def disposable_domains() -> Iterator[Row]:
    """(domain,) of every throw-away mailbox provider."""
    from disposable_email_domains import blocklist

    for domain in sorted(blocklist):
        yield (domain,)


DATA_SETS = (
    DataSet(
        table="phone_regions",
        package="phonenumbers",
        key=("country_code", "calling_code"),
        columns=(
            "country_code",
            "calling_code",
            "place",
            "international_prefix",
            "parsing_prefix",
            "prefix_rule",
            "leading_digits",
            "lengths",
            "general_pattern",
            "national_pattern",
        ),
        rows=phone_regions,
    ),
    DataSet(
        table="phone_areas",
        package="phonenumbers",
        key=("prefix",),
        columns=("prefix", "country_code", "region_code", "is_whole"),
        rows=phone_areas,
    ),
    DataSet(
        table="phone_line_types",
        package="phonenumbers",
        key=("country_code", "calling_code", "line_type"),
        columns=("country_code", "calling_code", "line_type", "pattern"),
        rows=phone_line_types,
    ),
    DataSet(
        table="postal_places",
        package="zipcodes",
        key=("country_code", "postal_code"),
        columns=(
            "country_code",
            "postal_code",
            "city",
            "region_code",
            "timezone",
            "latitude",
            "longitude",
            "towns",
        ),
        rows=postal_places,
        compute="""
            update incoming
            set city_key = ref.normalize_city(city), city_keys = ref.list_city_keys(city, towns)
            """,
        computed=("city_key", "city_keys"),
        owned="country_code = 'US'",
    ),
    DataSet(
        table="disposable_domains",
        package="disposable-email-domains",
        key=("domain",),
        columns=("domain",),
        rows=disposable_domains,
    ),
)
