"""A second opinion, written from SPEC §5 to §8 and not from the SQL: calendar windows, reasons, prices."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from properties.world import POSTAL_CODES, UNITS, Buyer, Enrollment, Offer, World

Window = tuple[object, ...]
MINOR_UNITS = {"JPY": 0}
ORDER_OF_SCOPES = ["postal_code", "city"]


def window(unit: str, now: datetime, zone: str) -> Window:
    """The calendar window of a zone that a moment lies in, named so that no two windows are equal."""
    local = now.astimezone(ZoneInfo(zone))
    year, week, _ = local.isocalendar()
    names: dict[str, Window] = {
        "hour": (local.date(), local.hour, local.utcoffset()),
        "day": (local.date(),),
        "week": (year, week),
        "month": (local.year, local.month),
    }
    return names[unit]


def window_end(unit: str, now: datetime, zone: str) -> datetime:
    """When that window ends."""
    local = now.astimezone(ZoneInfo(zone))
    if unit == "hour":
        start = local.astimezone(UTC) - timedelta(minutes=local.minute, seconds=local.second)
        return start.replace(microsecond=0) + timedelta(hours=1)
    today = local.date()
    following = {
        "day": today + timedelta(days=1),
        "week": today + timedelta(days=7 - today.weekday()),
        "month": date(today.year + today.month // 12, today.month % 12 + 1, 1),
    }
    return datetime.combine(following[unit], time(), ZoneInfo(zone)).astimezone(UTC)


def covers(scope: tuple[str, str], postal_code: str) -> bool:
    """Whether an area or an exclusivity covers a postal code."""
    kind, value = scope
    if kind == "city":
        return value.casefold() == POSTAL_CODES[postal_code].casefold()
    return postal_code.startswith(value[:-1]) if value.endswith("*") else postal_code == value


def owner(offer: Offer, postal_code: str) -> int | None:
    """The exclusive buyer of a postal code in an offer: scopes in the policy's order, the most precise first."""
    for kind in offer.routing.get("exclusivity", {}).get("scopes", ORDER_OF_SCOPES):
        found = [scope for scope in offer.owners if scope[0] == kind and covers(scope, postal_code)]
        if found:
            return offer.owners[max(found, key=precision)]
    return None


def precision(scope: tuple[str, str]) -> tuple[int, bool]:
    """The longer prefix is the more precise; a whole postal code is more so than it as a prefix."""
    value = scope[1]
    return len(value.rstrip("*")), not value.endswith("*")


def channels(buyer: Buyer, enrollment: Enrollment) -> list[str]:
    """How a sale is delivered."""
    ways = {"webhook": buyer.has_webhook or enrollment.has_own_webhook, "email": buyer.wants_email}
    return sorted(way for way, used in ways.items() if used)


def stamp(moment: datetime) -> str:
    """A moment as explanations write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def failed_check(
    world: World, enrollment: Enrollment, postal_code: str, now: datetime, used: dict[str, int]
) -> str | None:
    """The first check that an enrollment fails for a lead, in words; None: it passes."""
    buyer = world.buyers[enrollment.buyer]
    zone = enrollment.zone or world.zone
    if not enrollment.is_active:
        return "enrollment_inactive"
    if not buyer.is_active:
        return "buyer_inactive"
    if not channels(buyer, enrollment):
        return "no_channel"
    if enrollment.pause_until and enrollment.pause_until > now:
        return f"paused: until {stamp(enrollment.pause_until)}"
    if not any(covers(area, postal_code) for area in buyer.areas):
        return "outside_service_area"
    for unit in UNITS:
        limit = enrollment.caps[unit]
        if limit is not None and used[unit] >= limit:
            return f"cap_{unit}: {used[unit]} of {limit}, resets {stamp(window_end(unit, now, zone))}"
    if enrollment.min_balance is not None and buyer.balance < enrollment.min_balance:
        return f"minimum_balance: {buyer.balance:.2f} of {enrollment.min_balance:.2f}"
    return None


def judge(
    world: World, offer: Offer, postal_code: str, now: datetime, used: list[dict[str, int]]
) -> tuple[list[str | None], int | None]:
    """Why each enrollment of an offer loses (None: it passes), and the buyer whose exclusivity binds."""
    reasons = [
        failed_check(world, enrollment, postal_code, now, counts)
        for enrollment, counts in zip(offer.enrollments, used, strict=True)
    ]
    holder = owner(offer, postal_code)
    if holder is None:
        return reasons, None
    mine = [enrollment.buyer == holder for enrollment in offer.enrollments]
    passes = any(is_mine and reason is None for is_mine, reason in zip(mine, reasons, strict=True))
    if (
        not passes
        and offer.routing.get("exclusivity", {}).get("when_unavailable", "fall_through") == "fall_through"
    ):
        return reasons, None
    return [
        "exclusive_to_other" if reason is None and not is_mine else reason
        for is_mine, reason in zip(mine, reasons, strict=True)
    ], holder


def sale_price(world: World, offer: Offer, enrollment: Enrollment, is_exclusive: bool) -> Decimal:
    """What a sale costs: base, premium on exclusivity, rounded once, half away from zero; never below zero."""
    base = enrollment.price if enrollment.price is not None else offer.price
    total = base
    if is_exclusive and offer.premium is not None:
        total += Decimal(str(offer.premium.get("amount", 0)))
        total += base * Decimal(str(offer.premium.get("percent", 0))) / 100
    smallest = Decimal(1).scaleb(-MINOR_UNITS.get(world.currency, 2))
    return max(total.quantize(smallest, ROUND_HALF_UP), Decimal(0))
