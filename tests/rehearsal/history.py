"""A history for rehearsals: thousands of the demo's leads over days around a night on which the clocks change."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from leadgen.demo.leads import STREAMS, Contacts, Kind, Payload, Stream, make_payload

START = datetime(2026, 10, 30, 15, tzinfo=UTC)  # a Friday; American clocks go back in the night to Sunday
LENGTH = timedelta(days=4)
END = START + LENGTH
AFTER = END + timedelta(days=1)  # every hold has ended

# Beside the demo's policies: the two strategies it does not use, and every kind of limit.
CHANGES = """
update leadgen.routing_policies set config = config || '{"hold_hours": 6}'
where coalesce(config ->> 'on_no_buyer', 'hold') = 'hold';
update leadgen.sources set kind = 'embed_form' where source_key = 'heatwave-partner';
update leadgen.settings set default_source_key = 'heatwave-partner';
insert into leadgen.routing_policies (name, config) values
  ('Who pays most', '{"strategy": "highest_price", "tie_breakers": ["least_filled"], "max_buyers": 2,
    "hold_hours": 6, "caps": {"per_hour": 10, "per_day": 160}}'),
  ('Who has most room', '{"strategy": "least_filled", "tie_breakers": ["round_robin"], "contact_window_days": 2,
    "hold_hours": 6, "caps": {"per_day": 104, "budget_per_month": 16000}}');
insert into leadgen.pricing_policies (name, rules) values ('Late and old', '{
  "time_of_day": [
    {"name": "evening", "hours": {"fri": [["18:00", "02:00"]], "sat": [["00:00", "24:00"]]}, "percent": 12.5}],
  "adjustments": [
    {"name": "drain", "when": {"attributes.job_type": {"enum": ["drain", "no_heat"]}}, "amount": -3.5}]}');
update leadgen.offers o set routing_policy_id = p.id, pricing_policy_id = q.id
from leadgen.routing_policies p, leadgen.pricing_policies q
where o.slug = 'austin-hvac' and p.name = 'Who pays most' and q.name = 'Late and old';
update leadgen.offers o set routing_policy_id = p.id, pricing_policy_id = q.id
from leadgen.routing_policies p, leadgen.pricing_policies q
where o.slug = 'tampa-plumbing' and p.name = 'Who has most room' and q.name = 'Late and old';
update leadgen.buyer_offers bo set budget_per_day = 3200, budget_per_month = 10400
from leadgen.buyers b where b.id = bo.buyer_id and b.name = 'Bluebonnet Home Services';
update leadgen.buyer_offers bo set capacity_per_day = 120, capacity_per_week = 280
from leadgen.buyers b where b.id = bo.buyer_id and b.name = 'Gulf Coast Home Services' and bo.capacity_per_hour is null;
update leadgen.buyer_offers bo set schedule = '{"fri": [["07:00", "24:00"]], "sat": [["07:00", "02:30"]],
  "sun": [["03:00", "22:00"]], "mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]]}'
from leadgen.buyers b where b.id = bo.buyer_id and b.name = 'Mile High Home Services';
update leadgen.buyer_offers bo
set filters = '{"attributes.roof_age_years": {"minimum": 8}}', timezone = 'America/New_York'
from leadgen.buyers b where b.id = bo.buyer_id and b.name = 'Live Oak Roofing';
"""

# One lead is one transaction, as in life; held leads are routed when they are due, as by a worker.
PLAY = """
create procedure public.move_clock(p_to timestamptz) language plpgsql as $$
declare
  v_due timestamptz;
begin
  loop
    select min(l.next_route_at) into v_due from leadgen.leads l where l.hold_until is not null;
    exit when v_due > p_to is not false;
    perform set_config('leadgen.clock', greatest(v_due, leadgen.clock())::text, false);
    while leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null loop
      commit;
    end loop;
  end loop;
  perform set_config('leadgen.clock', p_to::text, false);
end
$$;
create procedure public.play(p_leads jsonb) language plpgsql as $$
declare
  v_lead jsonb;
begin
  for v_lead in select value from jsonb_array_elements(p_leads) loop
    call public.move_clock((v_lead ->> 'at')::timestamptz);
    perform leadgen.submit_lead(v_lead -> 'payload');
    if v_lead ? 'returns' then
      perform leadgen.return_sale(a.id, 'other')
      from (
        select s.id
        from leadgen.lead_assignments s
        join leadgen.offers o on o.id = s.offer_id
        where s.released_at is null and o.slug not in ('tampa-roofing', 'tampa-hvac', 'denver-roofing', 'denver-hvac')
        order by s.id desc offset 7 limit 1
      ) a;
    end if;
    commit;
  end loop;
  call public.move_clock(leadgen.clock() + interval '1 day');
end
$$
"""


@dataclass
class Crowd(Contacts):
    """More people than the demo needs numbers for."""

    def _phone(self, area: str) -> str:
        return f"+1{area}{2_000_000 + self.count}"


@dataclass
class Writer:
    """Writes the demo's kinds of leads in the demo's proportions, without end."""

    rng: Random
    contacts: Contacts = field(init=False)
    good: dict[str | None, list[Payload]] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self.contacts = Crowd(self.rng)

    def write(self) -> Payload:
        """One more lead of any stream and kind."""
        sizes = [sum(stream.kinds.values()) for stream in STREAMS]
        (stream,) = self.rng.choices(STREAMS, sizes)
        (kind,) = self.rng.choices(list(stream.kinds), list(stream.kinds.values()))
        self.count += 1
        return self.write_kind(stream, kind)

    def write_kind(self, stream: Stream, kind: Kind) -> Payload:
        """A lead of a kind; a repetition is of one of the latest."""
        earlier = self.good.setdefault(stream.offer, [])
        if kind == "repeat" and earlier:
            return self.rng.choice(earlier[-20:])
        payload = make_payload(self.rng, self.contacts, stream, kind)
        payload["message"] += f" Ref. {self.count}."
        if kind == "duplicate" and earlier:
            payload |= {name: self.rng.choice(earlier[-200:])[name] for name in ("phone", "email")}
        elif kind == "good":
            earlier.append(payload)
        return payload


def write_leads(
    count: int, returns: bool, seed: int = 7, length: timedelta = LENGTH
) -> Iterator[dict[str, Any]]:
    """Leads with their times, and a return (not in every offer) after every fiftieth."""
    rng = Random(seed)
    writer = Writer(rng)
    times = sorted(START + length * rng.random() ** (1 + n % 2) for n in range(count))
    for number, at in enumerate(times, 1):
        lead = {"at": at.isoformat(), "payload": writer.write()}
        yield lead | ({"returns": True} if returns and number % 50 == 0 else {})


def play(
    connection: psycopg.Connection,
    count: int,
    changes: str = "",
    returns: bool = True,
    length: timedelta = LENGTH,
) -> None:
    """Have so many leads happen in the demo's catalogue as CHANGES and these further changes leave it."""
    connection.execute("select set_config('leadgen.clock', %s, false)", [START.isoformat()])
    connection.execute((CHANGES + changes).encode())
    connection.execute(PLAY)
    leads = Jsonb(list(write_leads(count, returns, length=length)))
    connection.execute("call public.play(%s)", [leads])
    connection.execute("vacuum analyze")
