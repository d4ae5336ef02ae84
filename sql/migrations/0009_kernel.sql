-- One kernel: decisions are stored as what changes with each lead beside versions of policies and enrollments; limits are
-- lists; checks and strategies are rows. Decisions of before keep their format.
alter type kernel.candidate set schema market;
alter type market.candidate rename to candidate_v1;
alter type kernel.offer_load set schema market;
alter type market.offer_load rename to offer_load_v1;
alter type kernel.decision rename to decision_v1; -- until its functions are dropped, below

create type kernel.snapshot as (
  decided_at timestamptz,
  timezone text,
  decimals integer,
  exclusivity kernel.exclusivity,
  adjustments kernel.adjustment[],
  enrollments bigint[],
  versions integer[],
  buyers bigint[],
  flags integer[],
  zones text[],
  pauses timestamptz[],
  openings timestamptz[],
  filter_faults text[],
  priorities integer[],
  weights numeric[],
  base_prices numeric[],
  prices numeric[],
  min_balances numeric[],
  balances numeric[],
  last_turns bigint[],
  finish_tags double precision[],
  virtual_times double precision[],
  limit_owners integer[],
  limit_codes text[],
  limit_windows text[],
  limit_is_money boolean[],
  limit_caps numeric[],
  limit_uses numeric[]
);

create type kernel.decision as (
  reasons text[],
  ranking integer[],
  exclusive_buyer_id bigint,
  winners integer[],
  buyers bigint[],
  prices kernel.price[],
  turns bigint[],
  finish_tags double precision[],
  virtual_times double precision[],
  unsold_reason text,
  is_held boolean,
  next_route_at timestamptz
);

create table leadgen.candidate_checks (
  code text primary key,
  position integer not null,
  condition text not null,
  reason text,
  words text,
  clears_at text,
  description text not null,

  constraint candidate_checks_code_shape check (code ~ '^[a-z][a-z0-9_]{1,49}$'),
  constraint candidate_checks_position_unique unique (position) deferrable initially deferred
);

create table leadgen.strategies (
  name text primary key,
  position integer not null,
  key text not null,
  description text not null,

  constraint strategies_name_shape check (name ~ '^[a-z][a-z0-9_]{1,49}$')
);

alter table leadgen.policy_versions add column settings jsonb;

alter table leadgen.buyer_offers
  add column version integer not null default 1,
  add column limit_codes text[],
  add column limit_windows text[],
  add column limit_is_money boolean[],
  add column limit_caps numeric[],
  add column compiled_filter jsonpath;

create table leadgen.enrollment_versions (
  buyer_offer_id bigint not null,
  version integer not null,
  changed_at timestamptz not null default current_timestamp,
  changed_by text not null default session_user,
  buyer_id bigint not null,
  is_active boolean not null,
  routing_priority integer not null,
  weight numeric not null,
  price_per_lead numeric(10,2),
  min_balance_required numeric(10,2),
  timezone text,
  pause_until timestamptz,
  compiled_schedule int4multirange,
  limit_codes text[] not null,
  limit_windows text[] not null,
  limit_is_money boolean[] not null,
  limit_caps numeric[] not null,
  filters jsonb,

  primary key (buyer_offer_id, version)
);

-- Views are declared anew by the deploy; this one reads what goes.
drop view if exists report.caps;
alter table leadgen.enrollment_usage
  add column starts timestamptz[] not null default '{-infinity,-infinity,-infinity,-infinity}',
  add column sales integer[] not null default '{0,0,0,0}',
  add column money numeric[] not null default '{0,0,0,0}';
-- Money of hours and weeks was not counted before: what the sales that stand cost, is.
update leadgen.enrollment_usage u
set
  starts = array[u.hour_start, u.day_start, u.week_start, u.month_start],
  sales = array[u.hour_count, u.day_count, u.week_count, u.month_count],
  money = array[paid.hour, u.day_spent, paid.week, u.month_spent]
from (
  select e.buyer_offer_id,
    coalesce(sum(a.price) filter (where date_trunc('hour', a.created_at, coalesce(bo.timezone, m.timezone)) >= e.hour_start), 0) as hour,
    coalesce(sum(a.price) filter (where date_trunc('week', a.created_at, coalesce(bo.timezone, m.timezone)) >= e.week_start), 0) as week
  from leadgen.enrollment_usage e
  join leadgen.buyer_offers bo on bo.id = e.buyer_offer_id
  join leadgen.markets m on m.id = e.market_id
  left join leadgen.lead_assignments a on a.offer_id = e.offer_id and a.buyer_offer_id = e.buyer_offer_id and a.released_at is null
    and a.created_at >= e.week_start - interval '1 hour'
  group by e.buyer_offer_id
) paid
where paid.buyer_offer_id = u.buyer_offer_id;
alter table leadgen.enrollment_usage
  drop constraint enrollment_usage_not_negative,
  drop column hour_start, drop column hour_count, drop column day_start, drop column day_count, drop column day_spent,
  drop column week_start, drop column week_count, drop column month_start, drop column month_count, drop column month_spent,
  add constraint enrollment_usage_not_negative check (0 <= all (sales));

alter table leadgen.offer_usage
  add column starts timestamptz[] not null default '{-infinity,-infinity,-infinity,-infinity}',
  add column sales integer[] not null default '{0,0,0,0}',
  add column money numeric[] not null default '{0,0,0,0}';
update leadgen.offer_usage u
set
  starts = array[u.hour_start, u.day_start, u.week_start, u.month_start],
  sales = array[u.hour_count, u.day_count, u.week_count, u.month_count],
  money = array[paid.hour, u.day_spent, paid.week, u.month_spent]
from (
  select o.offer_id,
    coalesce(sum(a.price) filter (where date_trunc('hour', a.created_at, m.timezone) >= o.hour_start), 0) as hour,
    coalesce(sum(a.price) filter (where date_trunc('week', a.created_at, m.timezone) >= o.week_start), 0) as week
  from leadgen.offer_usage o
  join leadgen.markets m on m.id = o.market_id
  left join leadgen.lead_assignments a on a.offer_id = o.offer_id and a.released_at is null
    and a.created_at >= o.week_start - interval '1 hour'
  group by o.offer_id
) paid
where paid.offer_id = u.offer_id;
alter table leadgen.offer_usage
  drop constraint offer_usage_not_negative,
  drop column hour_start, drop column hour_count, drop column day_start, drop column day_count, drop column day_spent,
  drop column week_start, drop column week_count, drop column month_start, drop column month_count, drop column month_spent,
  add constraint offer_usage_not_negative check (0 <= all (sales));

-- A lead's row is there before its decision's and neither is ever deleted: a key to it is checked for nothing.
alter table leadgen.lead_decisions
  drop constraint lead_decisions_lead_id_fkey,
  alter column settings drop not null,
  alter column candidates drop not null,
  add column format smallint not null default 1,
  add column timezone text,
  add column decimals integer,
  add column max_buyers integer,
  add column default_price numeric(10,2),
  add column enrollments bigint[],
  add column versions integer[],
  add column flags integer[],
  add column openings timestamptz[],
  add column filter_faults text[],
  add column prices numeric[],
  add column balances numeric[],
  add column last_turns bigint[],
  add column finish_tags double precision[],
  add column virtual_times double precision[],
  add column limit_uses numeric[],
  add constraint lead_decisions_format_known check (
    (format = 1 and not (settings is null) and candidates is not null)
    or (format = 2 and max_buyers is not null and enrollments is not null and versions is not null and flags is not null));

-- Functions that now return something else, or whose arguments have other names, cannot be replaced.
drop function if exists kernel.find_window_end(text, timestamptz, text);
drop function if exists kernel.start_windows(timestamptz, text);
drop function if exists market.count_standing_sales(bigint, bigint, timestamptz, text, timestamptz);

-- Types of before that nothing declares any more, and the functions that took or gave them.
drop function if exists leadgen.compose_answer;
drop function if exists leadgen.count_difference;
drop function if exists leadgen.count_other_cause;
drop function if exists leadgen.decide_again;
drop function if exists leadgen.explain_difference;
drop function if exists leadgen.insert_lead;
drop function if exists leadgen.read_outcome;
drop function if exists leadgen.recall_decision;
drop function if exists leadgen.record_decision;
drop function if exists leadgen.route_lead;
drop function if exists leadgen.take_seats;
drop function if exists leadgen.waits_as_before;
drop function if exists leadgen.start_turns;
drop function if exists leadgen.take_turn;
drop function if exists leadgen.choose_winners;
drop function if exists leadgen.is_to_be_held;
drop function if exists leadgen.reach_verdict;
drop function if exists leadgen.reserve_winners;
drop type kernel.decision_v1;
drop type kernel.turns;
drop type kernel.verdict;
comment on column leadgen.lead_decisions.offer_load is null;
