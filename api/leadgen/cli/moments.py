"""Times and lengths of time that are typed: ISO 8601, with an offset or by the clock of a zone; 24h."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from leadgen.errors import LeadGenError

HOW_TIMES_ARE_READ = (
    "A date or time of ISO 8601; one without an offset is in the zone of the enrollment, else of its market."
)
SPAN = re.compile(r"(\d{1,6}) ?(s|m|h|d|(?:second|minute|hour|day)s?)", re.ASCII)
DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?=T|$)", re.ASCII)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_moment(text: str, option: str, zone: ZoneInfo, also: str = "") -> datetime:
    """A date or time of ISO 8601; one without an offset is by the zone's clock, a date is its midnight.

    Raises LeadGenError for text that is no time, and for a time that the clock shows twice or skips.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = read_clock(moment, text, option, zone)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        if (found := DAY.match(text)) and not is_day(found[0]):
            raise LeadGenError(f"{option}: found {text}, but there is no such day") from None
        raise LeadGenError(
            f"{option}: found {text}, allowed {also}2026-11-20, 2026-11-20T08:00 or 2026-11-20T08:00Z"
        ) from None
    return moment


def read_day(text: str, option: str) -> date:
    """The day that 2026-11-30 is. Raises LeadGenError for what is none."""
    if not DAY.fullmatch(text):
        hint = "; a day, not a month" if re.fullmatch(r"\d{4}-\d{1,2}", text, re.ASCII) else ""
        raise LeadGenError(f"{option}: found {text[:50]}, allowed a day such as 2026-11-30{hint}")
    if not is_day(text):
        raise LeadGenError(f"{option}: found {text}, but there is no such day")
    return date.fromisoformat(text)


def is_day(text: str) -> bool:
    """Whether the calendar has this day: 2026-11-31 is none."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def read_clock(moment: datetime, text: str, option: str, zone: ZoneInfo) -> datetime:
    """The time at which the zone's clock shows this. Raises LeadGenError when it does so twice or never."""
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment:
        raise LeadGenError(
            f"{option} {text}: {zone.key} has this time twice, because its clocks go back; "
            f"write {first.isoformat(timespec='minutes')} or {second.isoformat(timespec='minutes')}"
        )
    after = first.astimezone(UTC).astimezone(zone)
    raise LeadGenError(
        f"{option} {text}: {zone.key} has no such time, because its clocks go forward; "
        f"write {after.isoformat(timespec='minutes')}"
    )


def show_moment(moment: datetime, zone: ZoneInfo) -> str:
    """A time by the zone's clock and in UTC: `2026-12-24 00:00 America/Chicago (06:00 UTC)`."""
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    if zone.key == "UTC":
        return f"{utc:%Y-%m-%d %H:%M} UTC"
    form = "%H:%M" if utc.date() == local.date() else "%Y-%m-%d %H:%M"
    return f"{local:%Y-%m-%d %H:%M} {zone.key} ({utc.strftime(form)} UTC)"


def read_span(text: str, option: str) -> timedelta:
    """The length of time that `24h`, `30 minutes`, `7d` or `0` is. Raises LeadGenError for anything else."""
    found = SPAN.fullmatch(text)
    if text != "0" and not found:
        raise LeadGenError(
            f"{option}: found {text}, allowed a number and s, m, h or d, such as 30m, 24h or 7d; or 0"
        )
    return timedelta(**{UNITS[found[2][0]]: int(found[1])}) if found else timedelta()
