-- Sales: who got a lead, for what price, and the record from which that can be recomputed.
--
-- A decision keeps the numbers that were judged (an array of leadgen.candidate), one reason or
-- null for each, and the order of those that passed. Judge, rank and price are pure functions of
-- it, so explain reads it and replay recomputes it. A sale's price never changes, for anybody.

create type leadgen.assignment_outcome as enum
  ('pending', 'delivered', 'accepted', 'returned', 'failed', 'unknown');

create type leadgen.candidate as (
  buyer_offer_id bigint,
  buyer_id bigint,
  enrollment_is_active boolean,
  buyer_is_active boolean,
  has_channel boolean,
  pause_until timestamptz,
  in_service_area boolean,
  has_lead boolean,
  timezone text,
  cap_hour integer,
  used_hour integer,
  cap_day integer,
  used_day integer,
  cap_week integer,
  used_week integer,
  cap_month integer,
  used_month integer,
  min_balance numeric,
  balance numeric,
  priority integer,
  weight numeric,
  last_turn bigint,
  finish_tag double precision,
  virtual_time double precision,
  base_price numeric
);
comment on type leadgen.candidate is
  'One enrollment as the decision saw it: every number that a check or a strategy may read.';

create type leadgen.exclusivity as (
  buyer_id bigint,
  scope_type text,
  scope_value text
);
comment on type leadgen.exclusivity is 'Who owns the lead''s postal code or city in an offer; buyer_id null: nobody.';

create type leadgen.verdict as (
  reasons text[],
  ranking integer[],
  exclusive_buyer_id bigint
);
comment on type leadgen.verdict is
  'Judge and rank: for each candidate a reason (null: passed), the passing positions in order, the exclusive buyer if it binds.';

create type leadgen.price as (
  amount numeric,
  steps jsonb
);
comment on type leadgen.price is 'A price in the market''s currency and the steps that made it.';

create type leadgen.decision as (
  decided_at timestamptz,
  settings leadgen.routing_settings,
  exclusivity leadgen.exclusivity,
  candidates leadgen.candidate[],
  verdict leadgen.verdict,
  winners integer[],
  prices leadgen.price[],
  unsold_reason text,
  is_held boolean
);
comment on type leadgen.decision is
  'One routing attempt, whole: what was gathered, judged, ranked, reserved and priced. winners and prices are aligned.';

create table leadgen.enrollment_usage (
  buyer_offer_id bigint primary key references leadgen.buyer_offers (id) on delete cascade,
  market_id bigint not null,
  offer_id bigint not null,
  hour_start timestamptz not null default '-infinity',
  hour_count integer not null default 0,
  day_start timestamptz not null default '-infinity',
  day_count integer not null default 0,
  week_start timestamptz not null default '-infinity',
  week_count integer not null default 0,
  month_start timestamptz not null default '-infinity',
  month_count integer not null default 0,
  last_turn bigint,
  finish_tag double precision not null default 0,
  virtual_time double precision not null default 0,

  constraint enrollment_usage_not_negative check (least(hour_count, day_count, week_count, month_count) >= 0)
) with (fillfactor = 40);
comment on table leadgen.enrollment_usage is
  'One row an enrollment: leads taken in the current hour, day, week and month of its zone, and its place in the turn. Written only under the offer''s lock.';
create index idx_enrollment_usage_offer on leadgen.enrollment_usage (offer_id, buyer_offer_id);
comment on column leadgen.enrollment_usage.hour_start is
  'The window that hour_count counts; a count of an earlier window reads as 0.';
comment on column leadgen.enrollment_usage.last_turn is 'Number of its latest sale in the offer''s sequence; null: never served.';
comment on column leadgen.enrollment_usage.finish_tag is
  'Strategy weighted: virtual time at which its latest lead is paid off (1 / weight a lead).';
comment on column leadgen.enrollment_usage.virtual_time is
  'Strategy weighted: the offer''s virtual time after its latest lead; the offer''s is the largest of them.';

create table leadgen.lead_decisions (
  id bigint generated always as identity primary key,
  market_id bigint not null,
  lead_id bigint not null references leadgen.leads (id) on delete restrict,
  offer_id bigint not null,
  attempt integer not null,
  decided_at timestamptz not null,
  routing_policy_id bigint not null,
  routing_policy_version integer not null,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  settings leadgen.routing_settings not null,
  exclusivity leadgen.exclusivity,
  candidates leadgen.candidate[] not null,
  reasons text[] not null,
  ranking integer[] not null,
  exclusive_buyer_id bigint,
  winners integer[] not null,
  unsold_reason text,

  constraint lead_decisions_attempt_unique unique (lead_id, attempt)
);
comment on table leadgen.lead_decisions is
  'Append-only trace of each routing attempt; select * from leadgen.explain_candidates(lead_id) reads it.';
comment on column leadgen.lead_decisions.decided_at is 'The decision''s clock: every window was computed from it.';
comment on column leadgen.lead_decisions.reasons is 'Aligned with candidates: why each lost; null: passed.';
comment on column leadgen.lead_decisions.ranking is 'Positions in candidates, best first.';
comment on column leadgen.lead_decisions.winners is 'Positions in candidates, in the order they were sold to.';

create table leadgen.lead_assignments (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  market_id bigint not null,
  lead_id bigint not null references leadgen.leads (id) on delete restrict,
  decision_id bigint not null references leadgen.lead_decisions (id) on delete restrict,
  offer_id bigint not null,
  buyer_id bigint not null references leadgen.buyers (id) on delete restrict,
  buyer_offer_id bigint not null,
  is_exclusive boolean not null,
  price numeric(10,2) not null,
  currency char(3) not null,
  price_steps jsonb not null,
  pricing_policy_id bigint,
  pricing_policy_version integer,
  outcome leadgen.assignment_outcome not null default 'pending',
  delivered_at timestamptz,

  constraint lead_assignments_lead_buyer_unique unique (lead_id, buyer_id),
  constraint lead_assignments_price_not_negative check (price >= 0 and price < 100000000)
);
comment on table leadgen.lead_assignments is
  'One row for each sale of a lead to a buyer. Everything but outcome and its times is frozen by trigger.';
comment on column leadgen.lead_assignments.is_exclusive is 'The buyer owned the lead''s postal code or city.';
comment on column leadgen.lead_assignments.price_steps is 'Base, premiums and rounding, each with the amount after it.';
create index idx_lead_assignments_buyer_created_at on leadgen.lead_assignments (buyer_id, created_at desc);
create index idx_lead_assignments_offer_created_at on leadgen.lead_assignments (offer_id, created_at desc);
