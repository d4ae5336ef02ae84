-- Policies in full: schedules, filters, budgets, offer-wide caps, compiled prices, what a lead was judged by, holds that
-- wake, answers of buyers, warning events.
-- Deployed before there is history to speak of: checks and indexes are made in one go.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, changing-column-type, adding-required-field

alter table leadgen.settings add column warn_at_percent integer not null default 80;
alter table leadgen.settings add constraint settings_warn_at_percent_bounded check (warn_at_percent between 50 and 100);
comment on column leadgen.settings.warn_at_percent is
  'A warning event is written when this share of a cap or budget is used.';

alter table leadgen.policy_keys add column compile_function text, add column required_language text;
comment on column leadgen.policy_keys.compile_function is
  'Function in schema leadgen (jsonb) returns jsonb that turns the value as written into the value its rule is handed; null: as written.';
comment on column leadgen.policy_keys.required_language is
  'Procedural language that the rule is written in; where it is not installed a policy with the key is refused. Null: PL/pgSQL.';

alter type leadgen.routing_settings
  add attribute cap_hour integer,
  add attribute cap_day integer,
  add attribute cap_week integer,
  add attribute cap_month integer,
  add attribute budget_day numeric,
  add attribute budget_month numeric,
  add attribute contact_window_days numeric,
  add attribute reroutes_on_return boolean,
  add attribute reroutes_on_failure boolean,
  add attribute max_reroutes integer,
  add attribute acceptance text,
  add attribute acceptance_hours numeric,
  add attribute delivery_timeout_seconds numeric,
  add attribute delivery_retry_seconds numeric[],
  add attribute resells_on_unknown boolean;

create type leadgen.field_test as (
  field text,
  path jsonpath,
  wanted text
);
comment on type leadgen.field_test is
  'A condition on one field, compiled: a predicate over a lead''s document (leadgen.describe_lead), and what it wants in words.';

create type leadgen.price_rule as (
  step text,
  amount numeric,
  percent numeric,
  hours int4multirange,
  tests leadgen.field_test[]
);
comment on type leadgen.price_rule is
  'One step of a pricing policy, compiled. hours: minutes of the market''s week, from Monday 00:00; null: always. tests: all must hold.';

alter table leadgen.pricing_policies add column compiled_rules leadgen.price_rule[];
comment on column leadgen.pricing_policies.compiled_rules is
  'The rules as steps in order, written by trigger; never edit it.';

alter table leadgen.buyer_offers
  add column budget_per_day numeric(10,2),
  add column budget_per_month numeric(10,2),
  add column schedule jsonb,
  add column compiled_schedule int4multirange,
  add column filters jsonb,
  add column compiled_filters leadgen.field_test[],
  add constraint buyer_offers_budget_day_positive check (budget_per_day between 0 and 99999999.99),
  add constraint buyer_offers_budget_month_positive check (budget_per_month between 0 and 99999999.99);
comment on column leadgen.buyer_offers.budget_per_day is 'Money a calendar day, in the market''s currency; null: unlimited, 0: none.';
comment on column leadgen.buyer_offers.schedule is
  'When it takes leads, in its zone: {"mon": [["08:00", "18:00"]], ...}; a range may pass midnight, a day left out is closed. Null: always.';
comment on column leadgen.buyer_offers.compiled_schedule is 'schedule as minutes of the week from Monday 00:00, written by trigger.';
comment on column leadgen.buyer_offers.filters is
  'Which leads it takes: {"attributes.roof_age": {"minimum": 10}, "attributes.job_type": {"not": {"enum": ["repair"]}}}; all must hold. Null: all.';
comment on column leadgen.buyer_offers.compiled_filters is 'filters compiled, written by trigger.';

alter type leadgen.route alter attribute pricing_rules set data type leadgen.price_rule[];

alter type leadgen.lead_facts
  add attribute latitude double precision,
  add attribute longitude double precision,
  add attribute local_minute integer,
  add attribute is_suppressed boolean,
  add attribute mail_status text,
  add attribute ip_count integer,
  add attribute phone_count integer,
  add attribute buyers_with_contact bigint[];

create type leadgen.lead_signals as (
  phone_country text,
  phone_region text,
  email_is_disposable boolean,
  duplicate_lead_id bigint,
  duplicate_created_at timestamptz,
  duplicate_field text,
  latitude double precision,
  longitude double precision,
  local_minute integer,
  is_suppressed boolean,
  mail_status text,
  ip_count integer,
  phone_count integer
);
comment on type leadgen.lead_signals is
  'What the tables and the clock knew when a lead was judged: with the lead''s own fields, all that its rules read.';

alter table leadgen.leads add column signals leadgen.lead_signals;
comment on column leadgen.leads.signals is 'What the rules knew beside the lead''s own fields; replay_lead judges it again from this.';
create index idx_leads_offer_ip_created on leadgen.leads (offer_id, ip_address, created_at desc) where ip_address is not null;

create table leadgen.hold_wakes (
  id bigint generated always as identity primary key,
  offer_id bigint not null references leadgen.offers (id) on delete cascade,
  created_at timestamptz not null default current_timestamp
);
comment on table leadgen.hold_wakes is
  'Offers whose held leads are to be offered again because something that may sell them changed: funds, a cap, a buyer, an area. One row a change, so that no change waits for another or is lost in it.';
create index idx_hold_wakes_offer on leadgen.hold_wakes (offer_id);

alter type leadgen.candidate
  add attribute in_schedule boolean,
  add attribute schedule int4multirange,
  add attribute filter_fault text,
  add attribute has_contact boolean,
  add attribute price numeric,
  add attribute budget_day numeric,
  add attribute spent_day numeric,
  add attribute budget_month numeric,
  add attribute spent_month numeric;

create type leadgen.offer_load as (
  timezone text,
  cap_hour integer,
  used_hour integer,
  cap_day integer,
  used_day integer,
  cap_week integer,
  used_week integer,
  cap_month integer,
  used_month integer,
  budget_day numeric,
  spent_day numeric,
  budget_month numeric,
  spent_month numeric
);
comment on type leadgen.offer_load is
  'What an offer as a whole has sold in the current windows of its market, and its caps; a null cap: unlimited.';

create type leadgen.adjustment as (
  step text,
  amount numeric,
  percent numeric
);
comment on type leadgen.adjustment is
  'A step of the pricing policy that holds for this lead, in the policy''s order; exclusivity_premium only for who owns the place.';

create type leadgen.turns as (
  turn bigint,
  finish_tag double precision,
  stored_time double precision,
  virtual_time double precision,
  total_weight double precision
);
comment on type leadgen.turns is
  'Whose turn it is after a sale: the number of the sale in the offer''s sequence and, for strategy weighted, its tags.';

alter type leadgen.decision
  add attribute offer_load leadgen.offer_load,
  add attribute adjustments leadgen.adjustment[],
  add attribute next_route_at timestamptz;

alter table leadgen.enrollment_usage
  add column day_spent numeric not null default 0,
  add column month_spent numeric not null default 0;

create table leadgen.offer_usage (
  offer_id bigint primary key references leadgen.offers (id) on delete cascade,
  market_id bigint not null,
  hour_start timestamptz not null default '-infinity',
  hour_count integer not null default 0,
  day_start timestamptz not null default '-infinity',
  day_count integer not null default 0,
  week_start timestamptz not null default '-infinity',
  week_count integer not null default 0,
  month_start timestamptz not null default '-infinity',
  month_count integer not null default 0,
  day_spent numeric not null default 0,
  month_spent numeric not null default 0,

  constraint offer_usage_not_negative check (least(hour_count, day_count, week_count, month_count) >= 0)
) with (fillfactor = 40);
comment on table leadgen.offer_usage is
  'One row an offer: sales in the current hour, day, week and month of its market. Written only under the offer''s lock.';

-- Sales made before budgets existed count in them from here on.
with sold as (
  select
    a.buyer_offer_id,
    coalesce(sum(a.price) filter (where a.created_at >= u.day_start), 0) as day,
    coalesce(sum(a.price) filter (where a.created_at >= u.month_start), 0) as month
  from leadgen.lead_assignments a
  join leadgen.enrollment_usage u on u.buyer_offer_id = a.buyer_offer_id
  group by a.buyer_offer_id
)
update leadgen.enrollment_usage u
set day_spent = sold.day, month_spent = sold.month
from sold
where u.buyer_offer_id = sold.buyer_offer_id;

with started as (
  select
    o.id as offer_id,
    o.market_id,
    date_trunc('hour', now(), m.timezone) as hour_start,
    date_trunc('day', now(), m.timezone) as day_start,
    date_trunc('week', now(), m.timezone) as week_start,
    date_trunc('month', now(), m.timezone) as month_start
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
)
insert into leadgen.offer_usage (
  offer_id, market_id, hour_start, hour_count, day_start, day_count, week_start, week_count, month_start, month_count,
  day_spent, month_spent
)
select
  s.offer_id, s.market_id,
  s.hour_start, count(a.id) filter (where a.created_at >= s.hour_start) as hour_count,
  s.day_start, count(a.id) filter (where a.created_at >= s.day_start) as day_count,
  s.week_start, count(a.id) filter (where a.created_at >= s.week_start) as week_count,
  s.month_start, count(a.id) filter (where a.created_at >= s.month_start) as month_count,
  coalesce(sum(a.price) filter (where a.created_at >= s.day_start), 0) as day_spent,
  coalesce(sum(a.price) filter (where a.created_at >= s.month_start), 0) as month_spent
from started s
left join leadgen.lead_assignments a on a.offer_id = s.offer_id and a.created_at >= least(s.week_start, s.month_start)
group by s.offer_id, s.market_id, s.hour_start, s.day_start, s.week_start, s.month_start;

alter table leadgen.lead_decisions
  add column offer_load leadgen.offer_load,
  add column adjustments leadgen.adjustment[],
  add column is_held boolean,
  add column next_route_at timestamptz;
comment on column leadgen.lead_decisions.offer_load is 'The offer''s own caps and what was used of them.';
comment on column leadgen.lead_decisions.adjustments is 'The price steps that held for this lead; with a candidate''s base price they give its price.';
comment on column leadgen.lead_decisions.is_held is 'The lead is offered again, first at next_route_at; null: sold.';

alter table leadgen.lead_assignments
  add column acceptance text,
  add column answer_by timestamptz,
  add column accepted_at timestamptz,
  add column released_at timestamptz,
  add column release_reason text;
comment on column leadgen.lead_assignments.acceptance is 'on_delivery, explicit or auto_after, as the routing policy said when it was sold.';
comment on column leadgen.lead_assignments.answer_by is
  'explicit: the sale lapses then unless accepted; auto_after: it is accepted then unless returned.';
comment on column leadgen.lead_assignments.released_at is
  'When its place in the caps and budgets was given back (returned, failed, lapsed); null: it counts.';
comment on column leadgen.lead_assignments.release_reason is
  'Why its place goes back: returned: ..., delivery failed, no answer, not accepted in time. Without released_at: the place is due to go back.';
create index idx_lead_assignments_answer_due on leadgen.lead_assignments (answer_by)
  where answer_by is not null and released_at is null and outcome in ('pending', 'delivered', 'unknown');
create index idx_lead_assignments_release_due on leadgen.lead_assignments (updated_at)
  where release_reason is not null and released_at is null;

alter table leadgen.deliveries add column timeout_seconds numeric, add column retry_seconds numeric[];
comment on column leadgen.deliveries.timeout_seconds is 'In total, by the routing policy; null: the worker''s setting.';
comment on column leadgen.deliveries.retry_seconds is
  'Pauses before each retry, by the routing policy; null: the worker''s settings.';

-- Events: what an operator should hear of before it hurts.
--
-- A warning is written in the transaction that crosses the line, once for each cap and window, so that
-- somebody can act while leads still sell.

create table leadgen.events (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  kind text not null,
  subject text not null,
  market_id bigint,
  offer_id bigint,
  buyer_id bigint,
  buyer_offer_id bigint,
  message text not null,
  facts jsonb not null default '{}',

  constraint events_subject_unique unique (kind, subject),
  constraint events_facts_is_object check (jsonb_typeof(facts) = 'object')
);
comment on table leadgen.events is 'Operator events: a cap, a budget or a balance is about to run out. No personal data.';
comment on column leadgen.events.kind is 'cap_low, budget_low or balance_low.';
comment on column leadgen.events.subject is
  'What it is about, window included, so that one crossing makes one event: enrollment 7 day 2026-11-21.';
create index idx_events_created_at on leadgen.events (created_at desc);

-- Rehearsal: types of what_if. It writes nothing, so it has no tables.
--
-- A what-if plays the recorded decisions again with something changed. What it carries from lead to lead is only the
-- difference to what happened: how many sales more or fewer each enrollment has in its current windows. With nothing
-- changed every difference is zero, and history comes out.

create type leadgen.seat as (
  buyer_offer_id bigint,
  buyer_id bigint,
  changes jsonb,
  tests leadgen.field_test[],
  is_gone boolean,
  timezone text,
  hour_start timestamptz,
  hour_count integer,
  day_start timestamptz,
  day_count integer,
  day_spent numeric,
  week_start timestamptz,
  week_count integer,
  month_start timestamptz,
  month_count integer,
  month_spent numeric,
  last_turn bigint,
  finish_tag double precision,
  virtual_time double precision,
  sales integer,
  revenue numeric
);
comment on type leadgen.seat is
  'An enrollment in a rehearsal: what is changed about it (attributes of leadgen.candidate, filters), how its sales in the current windows differ from history, its place in the turn once history is left, and the difference in sales and revenue so far. The seat 0 is the offer as a whole.';

create type leadgen.rehearsal as (
  offer_id bigint,
  market_id bigint,
  country_code text,
  timezone text,
  currency text,
  validation jsonb,
  routing jsonb,
  pricing jsonb,
  seats leadgen.seat[],
  added leadgen.candidate[],
  added_areas text[],
  reprices boolean
);
comment on type leadgen.rehearsal is
  'What a what-if changes, checked and compiled. validation, routing, pricing: keys laid over the policy that judged each lead; null: unchanged. added: buyers that were not there, with their areas, aligned.';

create type leadgen.waiting as (
  lead_id bigint,
  decision_id bigint,
  hold_until timestamptz,
  next_at timestamptz,
  cause text,
  price numeric
);
comment on type leadgen.waiting is 'A lead that a rehearsal holds where history did not: offered again at next_at.';

create type leadgen.outcome as (
  category text,
  cause text,
  seats bigint[],
  prices numeric[]
);
comment on type leadgen.outcome is
  'What became of a lead: sold (to which enrollments, for which prices), held, unsold or rejected; cause: why unsold, or the code it was rejected with.';

create type leadgen.tally as (
  leads integer,
  counts jsonb,
  causes jsonb,
  codes jsonb,
  moved jsonb,
  days jsonb,
  examples jsonb,
  seats leadgen.seat[]
);
comment on type leadgen.tally is
  'A rehearsal''s result as differences to history: counts of sold, unsold, held, rejected, sales and revenue; causes and codes; leads moved; days; seats with their sales.';

create type leadgen.laid_policies as (
  validation_id bigint,
  validation_version integer,
  rules jsonb,
  compiled_rules text,
  routing_id bigint,
  routing_version integer,
  settings leadgen.routing_settings,
  first_max_buyers integer,
  pricing_is_read boolean,
  pricing_id bigint,
  pricing_version integer,
  pricing leadgen.price_rule[]
);
comment on type leadgen.laid_policies is
  'The policies of a rehearsal for the versions that judged the lead at hand. first_max_buyers: what the unchanged policy says.';
