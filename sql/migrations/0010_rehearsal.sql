-- A what-if plays kernel.decide. Types that only functions in memory use go with the functions that use them, which this
-- deploy declares anew.
drop function if exists leadgen.add_tallies;
drop function if exists leadgen.count_cause;
drop function if exists leadgen.count_sales;
drop function if exists leadgen.give_back_seat;
drop function if exists leadgen.give_back_seats;
drop function if exists leadgen.lay_over_policies;
drop function if exists leadgen.leave_history;
drop function if exists leadgen.make_seat;
drop function if exists leadgen.move_sales;
drop function if exists leadgen.name_sales;
drop function if exists leadgen.place_newcomers;
drop function if exists leadgen.play_rehearsal;
drop function if exists leadgen.read_changes;
drop function if exists leadgen.recall_outcome;
drop function if exists leadgen.rehearse_candidates;
drop function if exists leadgen.rehearse_load;
drop function if exists leadgen.report_buyers;
drop function if exists leadgen.report_days;
drop function if exists leadgen.report_examples;
drop function if exists leadgen.report_tally;
drop function if exists leadgen.seat_departed;
drop function if exists leadgen.seat_enrollments;
drop function if exists leadgen.seat_newcomers;
drop function if exists leadgen.shift_history;
drop function if exists leadgen.shift_seat;
drop function if exists leadgen.start_history;
drop function if exists leadgen.summarize_history;
drop type rehearsal.seat, rehearsal.rehearsal, rehearsal.waiting, rehearsal.outcome, rehearsal.tally, rehearsal.laid_policies;
drop function if exists rehearsal.find_capacity(jsonb, timestamptz, timestamptz);

create type rehearsal.seat as (
  buyer_offer_id bigint,
  buyer_id bigint,
  is_gone boolean,
  changes jsonb,
  schedule int4multirange,
  tests kernel.field_test[],
  changed_codes text[],
  limit_codes text[],
  limit_windows text[],
  limit_is_money boolean[],
  limit_caps numeric[],
  balance numeric,
  new_flags integer,
  areas text[]
);

create type rehearsal.plan as (
  offer_id bigint,
  market_id bigint,
  country_code text,
  timezone text,
  currency text,
  validation jsonb,
  routing jsonb,
  pricing jsonb,
  seats rehearsal.seat[],
  ids bigint[],
  reads_leads boolean,
  moves_turns boolean
);

create type rehearsal.policies as (
  validation_id bigint,
  validation_version integer,
  rules jsonb,
  compiled_rules text,
  routing_id bigint,
  routing_version integer,
  recorded kernel.routing_settings,
  settings kernel.routing_settings,
  pricing_is_read boolean,
  pricing_id bigint,
  pricing_version integer,
  pricing kernel.price_rule[]
);

create type rehearsal.terms as (
  seen kernel.snapshot,
  routing_id bigint,
  routing_version integer,
  default_price numeric,
  snapshot kernel.snapshot,
  places integer[],
  seats integer[],
  schedules int4multirange[],
  is_repriced boolean[],
  owner bigint,
  adjustments kernel.adjustment[],
  changed integer[],
  limit_places integer[],
  limit_counters integer[]
);

create type rehearsal.outcome as (
  category text,
  cause text,
  seats bigint[],
  prices numeric[]
);

create type rehearsal.event as (
  kind text,
  happened_at timestamptz,
  lead_id bigint,
  lead_created_at timestamptz,
  has_more boolean,
  decision leadgen.lead_decisions,
  sale leadgen.lead_assignments,
  lead leadgen.leads,
  seen kernel.snapshot
);

create type rehearsal.waiting as (
  lead_id bigint,
  decision_id bigint,
  hold_until timestamptz,
  next_at timestamptz,
  cause text
);

create type rehearsal.move as (
  lead_id bigint,
  day text,
  before rehearsal.outcome,
  after rehearsal.outcome,
  revenue numeric,
  why text
);

create type rehearsal.play as (
  policies rehearsal.policies,
  terms rehearsal.terms,
  latest rehearsal.event,
  windows_end timestamptz,
  zones text[],
  starts timestamptz[],
  sold integer[],
  paid numeric[],
  sales integer[],
  money numeric[],
  has_left boolean,
  turns bigint[],
  finish_tags double precision[],
  virtual_times double precision[],
  policy kernel.routing_settings,
  seen kernel.snapshot,
  snapshot kernel.snapshot,
  decision kernel.decision,
  outcome rehearsal.outcome,
  is_stray boolean,
  waiting rehearsal.waiting,
  move rehearsal.move,
  gained integer[],
  earned numeric[],
  examples integer
);

create type rehearsal.queue as (
  waiting rehearsal.waiting[],
  next_at timestamptz,
  due rehearsal.waiting[],
  place integer
);

create type rehearsal.tally as (
  parts jsonb,
  examples jsonb
);
