-- Rehearsal: types of what_if. It writes nothing, so it has no tables.
--
-- A what-if plays the recorded decisions again with something changed. What it carries from lead to lead is only the
-- difference to what happened: how many sales more or fewer each enrollment has in its current windows. With nothing
-- changed every difference is zero, and history comes out.

create type rehearsal.seat as (
  buyer_offer_id bigint,
  buyer_id bigint,
  changes jsonb,
  tests kernel.field_test[],
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
comment on type rehearsal.seat is
  'An enrollment in a rehearsal: what is changed about it (attributes of kernel.candidate, filters), how its sales in the current windows differ from history, its place in the turn once history is left, and the difference in sales and revenue so far. The seat 0 is the offer as a whole.';

create type rehearsal.rehearsal as (
  offer_id bigint,
  market_id bigint,
  country_code text,
  timezone text,
  currency text,
  validation jsonb,
  routing jsonb,
  pricing jsonb,
  seats rehearsal.seat[],
  added kernel.candidate[],
  added_areas text[],
  reprices boolean
);
comment on type rehearsal.rehearsal is
  'What a what-if changes, checked and compiled. validation, routing, pricing: keys laid over the policy that judged each lead; null: unchanged. added: buyers that were not there, with their areas, aligned.';

create type rehearsal.waiting as (
  lead_id bigint,
  decision_id bigint,
  hold_until timestamptz,
  next_at timestamptz,
  cause text,
  price numeric
);
comment on type rehearsal.waiting is 'A lead that a rehearsal holds where history did not: offered again at next_at.';

create type rehearsal.outcome as (
  category text,
  cause text,
  seats bigint[],
  prices numeric[]
);
comment on type rehearsal.outcome is
  'What became of a lead: sold (to which enrollments, for which prices), held, unsold or rejected; cause: why unsold, or the code it was rejected with.';

create type rehearsal.tally as (
  leads integer,
  counts jsonb,
  causes jsonb,
  codes jsonb,
  moved jsonb,
  days jsonb,
  examples jsonb,
  seats rehearsal.seat[]
);
comment on type rehearsal.tally is
  'A rehearsal''s result as differences to history: counts of sold, unsold, held, rejected, sales and revenue; causes and codes; leads moved; days; seats with their sales.';

create type rehearsal.laid_policies as (
  validation_id bigint,
  validation_version integer,
  rules jsonb,
  compiled_rules text,
  routing_id bigint,
  routing_version integer,
  settings kernel.routing_settings,
  first_max_buyers integer,
  pricing_is_read boolean,
  pricing_id bigint,
  pricing_version integer,
  pricing kernel.price_rule[]
);
comment on type rehearsal.laid_policies is
  'The policies of a rehearsal for the versions that judged the lead at hand. first_max_buyers: what the unchanged policy says.';
