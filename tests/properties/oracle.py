"""A second opinion, written from SPEC §5 to §8 and not from the SQL: calendar windows, reasons, ranks, prices."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from properties.world import DAYS, POSTAL_CODES, UNITS, Buyer, Enrollment, Hours, Offer, Tests, World

Window = tuple[object, ...]
MINOR_UNITS = {"JPY": 0}
ORDER_OF_SCOPES = ["postal_code", "city"]
SPANS = ("day", "month")  # of budgets
LONGEST_PAUSE = timedelta(hours=1)  # between two offers of a held lead
DAY = 24 * 60


@dataclass
class Lead:
    """What a lead says, and who is out of it: buyers who had it, buyers who bought its contact."""

    postal_code: str
    message: str
    attributes: dict[str, Any]
    had_it: set[int] = field(default_factory=set)
    bought_contact: set[int] = field(default_factory=set)


@dataclass
class Usage:
    """What was sold in the windows of now, for how much, and whose turn it was."""

    sold: dict[str, int]
    spent: dict[str, Decimal]
    last_turn: int = -1


@dataclass
class Failed:
    """The first check that an enrollment fails: its name, the words of the account, when time alone clears it."""

    check: str
    words: str
    clears: datetime | None = None


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


def is_open(schedule: Hours, moment: datetime, zone: str) -> bool:
    """Whether the clock on the wall of a zone shows an hour of the schedule."""
    local = moment.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    for day, now in ((today, minute), (yesterday, minute + DAY)):
        for opens, closes in schedule.get(day, []):
            start, end = minutes(opens), minutes(closes)
            if start <= now < (end if end > start else end + DAY):
                return True
    return False


def minutes(clock_time: str) -> int:
    """Of the day."""
    hour, minute = clock_time.split(":")
    return int(hour) * 60 + int(minute)


def next_opening(schedule: Hours, now: datetime, zone: str) -> datetime:
    """The next time at which a closed schedule is open. All times and all offsets are multiples of half an hour."""
    moment = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    while not is_open(schedule, moment, zone):
        moment += timedelta(minutes=30)
    return moment


def holds(words: dict[str, Any], value: object) -> bool:
    """Whether a value passes a test. None (missing) passes only a negation."""
    return all(holds_word(word, wanted, value) for word, wanted in words.items())


def holds_word(word: str, wanted: Any, value: object) -> bool:
    """One word of a test."""
    if word == "not":
        return not holds(wanted, value)
    if value is None:
        return False
    if word == "enum":
        return value in wanted
    if word == "pattern":
        return re.search(wanted, str(value)) is not None
    number = Decimal(str(value))
    return number >= Decimal(str(wanted)) if word == "minimum" else number <= Decimal(str(wanted))


def value_of(name: str, lead: Lead) -> object:
    """A field of a lead; a city is compared without case."""
    if name.startswith("attributes."):
        return lead.attributes.get(name.removeprefix("attributes."))
    fields = {
        "postal_code": lead.postal_code,
        "city": POSTAL_CODES[lead.postal_code].upper(),
        "message": lead.message,
    }
    return fields[name]


def failed_test(tests: Tests, lead: Lead) -> str | None:
    """The first field, by name, that fails its test."""
    return next((name for name in sorted(tests) if not holds(tests[name], value_of(name, lead))), None)


def show_time(moment: datetime, zone: str) -> str:
    """A moment as explanations write it."""
    shown = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{shown} ({moment.astimezone(ZoneInfo(zone)):%H:%M} {zone})"


def failed_check(  # noqa: C901 - the checks in their order
    world: World, offer: Offer, enrollment: Enrollment, lead: Lead, now: datetime, usage: Usage
) -> Failed | None:
    """The first check of its own that an enrollment fails for a lead; None: it passes."""
    buyer = world.buyers[enrollment.buyer]
    zone = enrollment.zone or world.zone
    price = sale_price(world, offer, enrollment, lead, now)
    if not enrollment.is_active:
        return Failed("enrollment_inactive", "enrollment_inactive")
    if not buyer.is_active:
        return Failed("buyer_inactive", "buyer_inactive")
    if not channels(buyer, enrollment):
        return Failed("no_channel", "no_channel")
    starts, until = enrollment.pause_from, enrollment.pause_until
    if until and until > now and (starts is None or starts <= now):
        begun = f"from {show_time(starts, zone)} " if starts else ""
        return Failed("paused", f"paused: {begun}until {show_time(until, zone)}", until)
    if enrollment.schedule is not None and not is_open(enrollment.schedule, now, zone):
        opens = next_opening(enrollment.schedule, now, zone)
        return Failed("outside_schedule", f"outside_schedule: opens {show_time(opens, zone)}", opens)
    if not any(covers(area, lead.postal_code) for area in buyer.areas):
        return Failed("outside_service_area", "outside_service_area")
    if enrollment.filters is not None and (name := failed_test(enrollment.filters, lead)):
        return Failed("filters", f"filters: {name}")
    if enrollment.buyer in lead.had_it:
        return Failed("already_had_lead", "already_had_lead")
    if enrollment.buyer in lead.bought_contact:
        return Failed("bought_contact_before", "bought_contact_before")
    caps = dict(enrollment.caps)
    if full := full_window("", caps, enrollment.budgets, usage, price, now, zone):
        return full
    if enrollment.min_balance is not None and buyer.balance < enrollment.min_balance:
        return Failed(
            "minimum_balance", f"minimum_balance: {buyer.balance:.2f} of {enrollment.min_balance:.2f}"
        )
    if enrollment.min_balance is not None and buyer.balance < price:
        return Failed("funds", f"funds: {buyer.balance:.2f}, price {price}")
    return None


def lasts(world: World, enrollment: Enrollment, lead: Lead) -> bool:
    """Whether an enrollment fails a check for a lead that does not pass while the lead is held."""
    buyer = world.buyers[enrollment.buyer]
    return (
        not (enrollment.is_active and buyer.is_active and channels(buyer, enrollment))
        or not any(covers(area, lead.postal_code) for area in buyer.areas)
        or (enrollment.filters is not None and failed_test(enrollment.filters, lead) is not None)
        or enrollment.buyer in lead.had_it
        or enrollment.buyer in lead.bought_contact
    )


def full_window(
    prefix: str,
    caps: dict[str, int | None],
    budgets: dict[str, Decimal | None],
    usage: Usage,
    price: Decimal,
    now: datetime,
    zone: str,
) -> Failed | None:
    """The first cap or budget that leaves no room for one more sale at a price."""
    for unit in UNITS:
        limit, used = caps.get(unit), usage.sold[unit]
        if limit is not None and used >= limit:
            check, end = f"{prefix}cap_{unit}", window_end(unit, now, zone)
            return Failed(check, f"{check}: {used} of {limit}, resets {show_time(end, zone)}", end)
    for span in SPANS:
        most, spent = budgets.get(span), usage.spent[span]
        if most is not None and spent + price > most:
            check, end = f"{prefix}budget_{span}", window_end(span, now, zone)
            words = f"{check}: {spent} of {most}, price {price}, resets {show_time(end, zone)}"
            return Failed(check, words, end)
    return None


def offer_limits(offer: Offer) -> tuple[dict[str, int | None], dict[str, Decimal | None]]:
    """The caps and the budgets of an offer as a whole."""
    caps = offer.routing.get("caps", {})
    return (
        {unit: caps.get(f"per_{unit}") for unit in UNITS},
        {
            span: Decimal(caps[f"budget_per_{span}"]) if f"budget_per_{span}" in caps else None
            for span in SPANS
        },
    )


def judge(
    world: World,
    offer: Offer,
    lead: Lead,
    now: datetime,
    usages: Sequence[Usage],
    whole: Usage,
    behind: int | None = None,
) -> tuple[list[Failed | None], int | None]:
    """What each enrollment of an offer fails (None: it passes), and the buyer whose exclusivity binds.

    `behind` is the held lead that is due and goes before this one.
    """
    found = [
        failed_check(world, offer, enrollment, lead, now, usage)
        for enrollment, usage in zip(offer.enrollments, usages, strict=True)
    ]
    holder = owner(offer, lead.postal_code)
    caps, budgets = offer_limits(offer)

    def settle(binding: int | None) -> list[Failed | None]:
        """The checks that come after an enrollment's own."""
        settled = []
        for enrollment, failed in zip(offer.enrollments, found, strict=True):
            if failed is None and binding not in (None, enrollment.buyer):
                failed = Failed("exclusive_to_other", "exclusive_to_other")
            if failed is None:
                price = sale_price(world, offer, enrollment, lead, now)
                failed = full_window("offer_", caps, budgets, whole, price, now, world.zone)
            if failed is None and behind is not None:
                failed = Failed("held_lead_first", f"held_lead_first: lead {behind}", now)
            settled.append(failed)
        return settled

    reasons = settle(holder)
    when = offer.routing.get("exclusivity", {}).get("when_unavailable", "fall_through")
    if holder is not None and None not in reasons:
        seat = next(e for e in offer.enrollments if e.buyer == holder)
        if when == "fall_through" or (when == "hold" and lasts(world, seat, lead)):
            return settle(None), None
    return reasons, holder


def is_held(offer: Offer, holder: int | None, reasons: Sequence[Failed | None]) -> bool:
    """Whether a lead that nobody takes is offered again; one that waits behind another always is."""
    if any(failed and failed.check == "held_lead_first" for failed in reasons):
        return True
    if holder is None:
        return bool(offer.routing.get("on_no_buyer", "hold") == "hold")
    return bool(offer.routing["exclusivity"]["when_unavailable"] == "hold")


def next_offer(offer: Offer, reasons: Sequence[Failed | None], now: datetime) -> datetime:
    """When a held lead is offered again: when the first thing clears, an hour later at most.

    What clears during a planned pause clears for that enrollment when the pause ends.
    """
    times = [now + LONGEST_PAUSE]
    for enrollment, failed in zip(offer.enrollments, reasons, strict=True):
        if failed and failed.clears:
            starts, until = enrollment.pause_from, enrollment.pause_until
            times.append(until if starts and until and starts <= failed.clears < until else failed.clears)
    return min(times)


def rank_key(
    name: str, world: World, offer: Offer, enrollment: Enrollment, lead: Lead, now: datetime, usage: Usage
) -> Fraction:
    """A passing enrollment's place under a strategy other than least_filled, the least first."""
    if name == "priority":
        return Fraction(-enrollment.priority)
    if name == "round_robin":
        return Fraction(usage.last_turn)
    if name == "highest_price":
        return -Fraction(sale_price(world, offer, enrollment, lead, now))
    raise ValueError(name)


def fill(enrollment: Enrollment, usage: Usage) -> Fraction | None:
    """The used share of the fullest limit of an enrollment that has room; None: it has no limit."""
    shares = [Fraction(usage.sold[unit], limit) for unit, limit in enrollment.caps.items() if limit]
    shares += [
        Fraction(usage.spent[span]) / Fraction(most) for span, most in enrollment.budgets.items() if most
    ]
    if all(limit is None for limit in [*enrollment.caps.values(), *enrollment.budgets.values()]):
        return None
    return max(shares, default=Fraction(0))


def fill_places(
    enrollments: Sequence[Enrollment], usages: Sequence[Usage], passing: Sequence[int]
) -> dict[int, int]:
    """The places of the passing enrollments (by number) under least_filled; equals have one place.

    Those with a limit go by its share. Between them those without one line up: before the first that had more leads
    today, with the first that had as many.
    """
    shares = {n: share for n in passing if (share := fill(enrollments[n], usages[n])) is not None}
    waiting = sorted((usages[n].sold["day"], n) for n in passing if n not in shares)
    steps: list[list[int]] = []
    for share in sorted(set(shares.values())):
        equals = [n for n in shares if shares[n] == share]
        fewest = min(usages[n].sold["day"] for n in equals)
        steps += [
            [n for today, n in waiting if today == sold]
            for sold in sorted({t for t, _ in waiting if t < fewest})
        ]
        equals += [n for today, n in waiting if today == fewest]
        waiting = [(today, n) for today, n in waiting if today > fewest]
        steps.append(equals)
    steps += [
        [n for today, n in waiting if today == sold] for sold in sorted({today for today, _ in waiting})
    ]
    return {n: place for place, equals in enumerate(steps) for n in equals}


def choose_winners(
    offer: Offer, ranking: Sequence[int], prices: Sequence[Decimal], whole: Usage, places: int
) -> list[int]:
    """The best of a ranking (numbers of enrollments) that the places and the offer's own limits leave room for."""
    caps, budgets = offer_limits(offer)
    places = min([places, *(limit - whole.sold[unit] for unit, limit in caps.items() if limit is not None)])
    winners: list[int] = []
    total = Decimal(0)
    for number in ranking:
        fits = all(
            most is None or whole.spent[span] + total + prices[number] <= most
            for span, most in budgets.items()
        )
        if len(winners) < places and fits:
            winners.append(number)
            total += prices[number]
    return winners


def sale_price(world: World, offer: Offer, enrollment: Enrollment, lead: Lead, now: datetime) -> Decimal:
    """What a sale costs: base, premium of who owns the place, times of day, adjustments, each on what was reached.

    Rounded once, half away from zero; never below zero.
    """
    total = enrollment.price if enrollment.price is not None else offer.price
    pricing = offer.pricing or {}
    steps = []
    if "exclusivity_premium" in pricing and owner(offer, lead.postal_code) == enrollment.buyer:
        steps.append(pricing["exclusivity_premium"])
    steps += [step for step in pricing.get("time_of_day", []) if is_open(step["hours"], now, world.zone)]
    steps += [step for step in pricing.get("adjustments", []) if failed_test(step["when"], lead) is None]
    for step in steps:
        total += Decimal(str(step.get("amount", 0))) + total * Decimal(str(step.get("percent", 0))) / 100
    smallest = Decimal(1).scaleb(-MINOR_UNITS.get(world.currency, 2))
    return max(total.quantize(smallest, ROUND_HALF_UP), Decimal(0))
