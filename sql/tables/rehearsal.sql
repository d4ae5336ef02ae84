-- Rehearsal: types of what_if. It writes nothing, so it has no tables, and nothing of these types is ever stored.

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
comment on type rehearsal.seat is
  'An enrollment in a rehearsal and what is changed about it. changes: columns of buyer_offers; null: none. changed_codes: the limits that limit_ replaces. balance: today''s, where history''s may not be known. new_flags: what is so of a newcomer whatever the lead (kernel.flag); null: it was there. areas: a newcomer''s. The first seat (enrollment 0) is the offer as a whole.';

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
  moves_turns boolean,
  finds_duplicates boolean,
  payout jsonb
);
comment on type rehearsal.plan is
  'What a what-if changes, checked and compiled. validation, routing, pricing, payout: keys laid over the policy that judged each lead; null: unchanged. ids: the seats'' enrollments. reads_leads: what is changed depends on the leads'' own fields. moves_turns: whose turn it is may differ from the first lead on. finds_duplicates: what a duplicate is is changed, so that earlier leads are looked for anew.';

create type rehearsal.policies as (
  validation_id bigint,
  validation_version integer,
  rules jsonb,
  compiled_rules jsonb,
  routing_id bigint,
  routing_version integer,
  recorded kernel.routing_settings,
  settings kernel.routing_settings,
  pricing_is_read boolean,
  pricing_id bigint,
  pricing_version integer,
  pricing kernel.price_rule[],
  payout_is_read boolean,
  payout_id bigint,
  payout_version integer,
  payout kernel.payout_settings
);
comment on type rehearsal.policies is
  'The policies of a rehearsal for the versions that judged the lead at hand. recorded: the routing policy as it was; settings: with the changes.';

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
  limit_counters integer[],
  recorded_weights numeric[]
);
comment on type rehearsal.terms is
  'What does not change from lead to lead while no enrollment and no policy does: snapshot, with the changes laid over it, made for the record named by the first four; its prices for the latest owner and adjustments. Of each candidate: its place in the record (null: a newcomer; places null: as in the record), seat, schedule, whether its price is not the record''s, its weight in the record; changed: who is judged by the lead anew. Of each limit: its place in the record (null: history had no such limit) and its counter in rehearsal.play.';

create type rehearsal.outcome as (
  category text,
  cause text,
  seats bigint[],
  prices numeric[]
);
comment on type rehearsal.outcome is
  'What became of a lead: sold (to which enrollments, for which prices), held, unsold or rejected; cause: why unsold, or the code it was rejected with.';

create type rehearsal.event as (
  kind text,
  happened_at timestamptz,
  lead_id bigint,
  lead_created_at timestamptz,
  has_more boolean,
  decision leadgen.lead_decisions,
  sale leadgen.lead_assignments,
  lead leadgen.leads,
  seen kernel.snapshot,
  contact jsonb
);
comment on type rehearsal.event is
  'One thing that happened to a lead, or happens in a rehearsal alone. kind: routed, rejected (by validation), sold (a lead from before the period), returned (a sale''s place came free), retried (a lead that is held only in the rehearsal). has_more: the lead was routed again, or a sale of it given back. lead: where the changes depend on it. seen: the numbers that history decided from; its terms are in rehearsal.terms. contact: of a sealed lead that was opened.';

create type rehearsal.waiting as (
  lead_id bigint,
  decision_id bigint,
  hold_until timestamptz,
  next_at timestamptz,
  cause text
);
comment on type rehearsal.waiting is 'A lead that a rehearsal holds where history did not: offered again at next_at.';

create type rehearsal.move as (
  lead_id bigint,
  day text,
  before rehearsal.outcome,
  after rehearsal.outcome,
  revenue numeric,
  why text
);
comment on type rehearsal.move is
  'A lead that comes out differently. day: on which it came in; revenue: how much more; why: null where there are examples enough.';

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
  examples integer,
  turned bigint[],
  spent numeric[],
  cost numeric
);
comment on type rehearsal.play is
  'A rehearsal at one moment. latest: history''s latest decision. zones, turns and tags: one a seat. starts and the counters: one a seat and window, of the windows that last until windows_end: sold and paid are what history took, sales and money how far the rehearsal is from it. has_left: the turns are the rehearsal''s own. policy to outcome: the lead at hand, what history saw of it, what is seen here, and what is made of it. is_stray, waiting, move: what the lead at hand leaves behind; null: nothing. gained and earned: sales and revenue more than in history, one a seat; the first, the offer as a whole, has none. turned: the leads that validation judges otherwise than in history, where duplicates are looked for anew. spent: how much more each seat''s buyer has spent than in history. cost: how much more sources are paid than in history.';

create type rehearsal.queue as (
  waiting rehearsal.waiting[],
  next_at timestamptz,
  due rehearsal.waiting[],
  place integer
);
comment on type rehearsal.queue is
  'The leads that a rehearsal holds. due: those of the next hour, sorted, from place on; waiting: all others, the first of them at next_at.';

create type rehearsal.tally as (
  parts jsonb,
  examples jsonb
);
comment on type rehearsal.tally is
  'Outcomes counted, a rehearsal''s as differences to history. parts: {part: {name: number}}, nothing that is 0: counts (sold, unsold, held, rejected), causes, codes, days ("2026-11-20 sold", "2026-11-20 revenue"), sales and revenue (by enrollment), cost, moved.';

create type rehearsal.mended as (
  snapshot kernel.snapshot,
  decision kernel.decision,
  changes jsonb
);
comment on type rehearsal.mended is
  'A snapshot in which a candidate passes every check; what is decided from it; and what was changed for that, one entry a check that it failed.';
