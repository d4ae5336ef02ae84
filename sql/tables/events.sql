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
comment on table leadgen.events is
  'Operator events: what is about to run out or was disabled, and what operators did about deliveries. No personal '
  'data of leads.';
comment on column leadgen.events.kind is
  'cap_low, budget_low, balance_low, endpoint_disabled, return_requested, return_refused, lead_erased, '
  'rate_exceeded, quarantine_purged, sale_undelivered, fetch_refused; what operators '
  'did: endpoint_enabled, delivery_retried, delivery_parked, secret_rotated, secrets_changed, '
  'submission_erased, address_changed, '
  'database_adopted, database_disowned.';
comment on column leadgen.events.subject is
  'What it is about, window included, so that one crossing makes one event: enrollment 7 day 2026-11-21.';
create index idx_events_created_at on leadgen.events (created_at desc);
