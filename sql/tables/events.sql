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
  'cap_low, budget_low, limit_reached, balance_low, credit_low, endpoint_disabled, return_requested, return_approved, return_refused, lead_erased, '
  'rate_exceeded, quarantine_purged, sale_undelivered, fetch_refused, exclusivity_merged, payment_unknown, '
  'payment_disputed, recharge_failed, billing_failed, policy_not_published, sealed_texts_altered, outcome_reported, report_failed; what operators did: endpoint_enabled, delivery_retried, delivery_parked, secret_rotated, secrets_changed, submission_erased, fetch_erased, user_erased, person_exported, leads_opened, lead_sold_by_hand, submission_opened, fetch_opened, '
  'address_changed, database_adopted, database_disowned, money_moved, key_made, key_revoked, user_created, user_invited, user_approved, user_reset_sent, user_link_made, user_sessions_revoked; '
  'of users: user_signed_up, user_status_changed, user_role_changed, user_password_changed, user_totp_changed, user_recovery_code_used, user_passkey_changed, user_passkey_suspect, user_binding_changed, keys_left.';
comment on column leadgen.events.subject is
  'What it is about, window included, so that one crossing makes one event: enrollment 7 day 2026-11-21.';
create index idx_events_created_at on leadgen.events (created_at desc);
