-- Platform: what every other domain stands on.
--
-- Two things live here: the handful of defaults that hold for the whole installation, and the
-- allowed moves of every state machine. A state machine is rows, so that a reader can list it, and
-- one trigger (enforce_transition) holds every table to its rows.

create table leadgen.settings (
  id boolean primary key default true,
  default_source_key text,
  default_duplicate_window_hours numeric not null default 24,
  default_invoice_threshold numeric(10,2) not null default 500.00,
  updated_at timestamptz,
  warn_at_percent integer not null default 80,

  constraint settings_one_row check (id),
  constraint settings_duplicate_window_bounded check (default_duplicate_window_hours between 0 and 8784),
  constraint settings_threshold_not_negative check (default_invoice_threshold >= 0),
  constraint settings_warn_at_percent_bounded check (warn_at_percent between 50 and 100)
);
comment on table leadgen.settings is
  'Platform-wide defaults, one row. A policy or an offer that says something else wins.';
comment on column leadgen.settings.default_source_key is
  'source_key of the source that takes a lead which names no other; null: such a lead is quarantined.';
comment on column leadgen.settings.default_duplicate_window_hours is
  'Hours within which the same contact is a duplicate where the policy does not say; 0 turns it off.';
comment on column leadgen.settings.warn_at_percent is
  'A warning event is written when this share of a cap or budget is used.';

insert into leadgen.settings default values;

create table leadgen.state_transitions (
  entity text not null,
  from_state text not null,
  to_state text not null,

  primary key (entity, from_state, to_state)
);
comment on table leadgen.state_transitions is
  'The allowed moves of leads, assignments, deliveries and invoices; anything else is refused by trigger.';
