-- Payments: what buyers pay, what is taken back of it, what providers say, and how a buyer is recharged.
-- squawk-ignore-file require-enum-value-ordering, ban-drop-constraint, constraint-missing-not-valid
alter type leadgen.payment_method add value if not exists 'paypal';
alter table leadgen.chores drop constraint chores_runs_shape;
alter table leadgen.chores
  add constraint chores_runs_shape check (runs ~ '^(billing|intake|market|outbox|roads)\.[a-z][a-z0-9_]{1,62}$') not valid;
alter table leadgen.chores validate constraint chores_runs_shape;

create table leadgen.payments (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete restrict,
  invoice_id bigint references leadgen.invoices (id) on delete restrict,
  purpose text not null,
  amount numeric(12,2) not null,
  currency char(3) not null,
  method leadgen.payment_method not null,
  status text not null default 'pending',
  key text not null,
  provider_key uuid not null default gen_random_uuid(),
  memo text,
  created_by text not null default session_user,
  customer_id text,
  method_id text,
  saves_method boolean not null default false,
  session_id text,
  session_url text,
  provider_id text,
  said_status text not null default 'pending',
  said_at timestamptz,
  received numeric(12,2) not null default 0,
  fee numeric(12,2),
  failure_code text,
  failure_reason text,
  booked numeric(12,2) not null default 0,
  fee_booked numeric(12,2) not null default 0,
  bookings integer not null default 0,
  ask_at timestamptz,
  asks integer not null default 0,
  called_at timestamptz,
  told_status text not null default 'pending',

  constraint payments_key_unique unique (key),
  constraint payments_provider_key_unique unique (provider_key),
  constraint payments_session_id_unique unique (session_id),
  constraint payments_provider_id_unique unique (provider_id),
  constraint payments_purpose_known check (purpose in ('top_up', 'recharge', 'invoice')),
  constraint payments_status_known check (
    status in ('pending', 'unknown', 'completed', 'failed', 'cancelled', 'refunded', 'disputed')),
  constraint payments_said_status_known check (said_status in ('pending', 'unknown', 'completed', 'failed', 'cancelled')),
  constraint payments_amount_positive check (amount > 0 and amount < 100000000),
  constraint payments_key_shape check (length(key) between 3 and 200),
  constraint payments_memo_bounded check (length(memo) <= 500)
);
create unique index payments_one_open_recharge on leadgen.payments (buyer_id)
  where purpose = 'recharge' and status in ('pending', 'unknown');
create index idx_payments_buyer on leadgen.payments (buyer_id, created_at);
create index idx_payments_invoice on leadgen.payments (invoice_id) where invoice_id is not null;
create index idx_payments_ask_at on leadgen.payments (ask_at) where ask_at is not null;
create index idx_payments_untold on leadgen.payments (id) where status <> told_status;

create table leadgen.payment_reversals (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  payment_id bigint not null references leadgen.payments (id) on delete restrict,
  kind text not null,
  amount numeric(12,2) not null,
  status text not null default 'pending',
  key text not null,
  provider_key uuid not null default gen_random_uuid(),
  reason text,
  created_by text not null default session_user,
  provider_id text,
  said_at timestamptz,
  fee numeric(12,2) not null default 0,
  settlements integer not null default 0,
  failure_reason text,
  booked numeric(12,2) not null default 0,
  fee_booked numeric(12,2) not null default 0,
  bookings integer not null default 0,
  ask_at timestamptz,
  asks integer not null default 0,
  called_at timestamptz,

  constraint payment_reversals_key_unique unique (key),
  constraint payment_reversals_provider_key_unique unique (provider_key),
  constraint payment_reversals_provider_id_unique unique (provider_id),
  constraint payment_reversals_kind_known check (kind in ('refund', 'dispute')),
  constraint payment_reversals_status_known check (status in (
    'pending', 'unknown', 'completed', 'failed', 'inquiry', 'open', 'won', 'lost')),
  constraint payment_reversals_amount_positive check (amount > 0 and amount < 100000000)
);
create index idx_payment_reversals_payment on leadgen.payment_reversals (payment_id);
create index idx_payment_reversals_ask_at on leadgen.payment_reversals (ask_at) where ask_at is not null;

create table leadgen.payment_events (
  id bigint generated always as identity primary key,
  received_at timestamptz not null default current_timestamp,
  provider text not null,
  event_id text not null,
  type text not null,
  said_at timestamptz not null,
  body text not null,
  processed_at timestamptz,
  outcome text,
  error text,
  waits_for text,
  tries integer not null default 0,
  next_try_at timestamptz,

  constraint payment_events_event_id_unique unique (provider, event_id),
  constraint payment_events_outcome_known check (outcome in ('done', 'late', 'ignored', 'waiting', 'failed', 'gave_up'))
);
create index idx_payment_events_due on leadgen.payment_events (next_try_at) where next_try_at is not null;
create index idx_payment_events_waits_for on leadgen.payment_events (waits_for) where waits_for is not null;

create table leadgen.payment_profiles (
  buyer_id bigint primary key references leadgen.buyers (id) on delete restrict,
  updated_at timestamptz,
  customer_id text,
  recharge_below numeric(12,2),
  recharge_amount numeric(12,2),
  recharge_budget numeric(12,2),
  recharge_paused_at timestamptz,
  recharge_pause_reason text,

  constraint payment_profiles_customer_id_unique unique (customer_id),
  constraint payment_profiles_recharge_whole check (
    num_nulls(recharge_below, recharge_amount, recharge_budget) in (0, 3)),
  constraint payment_profiles_amounts_positive check (
    recharge_below > 0 and recharge_amount > 0 and recharge_budget >= recharge_amount)
);

create table leadgen.bank_lines (
  id bigint generated always as identity primary key,
  imported_at timestamptz not null default current_timestamp,
  line_key text not null,
  account text,
  booked_on date not null,
  amount numeric(12,2) not null,
  currency char(3) not null,
  reference text,
  payer text,
  status text not null default 'waiting',
  found text,
  buyer_id bigint references leadgen.buyers (id) on delete restrict,
  payment_id bigint references leadgen.payments (id) on delete restrict,
  decided_by text,

  constraint bank_lines_line_key_unique unique (line_key),
  constraint bank_lines_status_known check (status in ('waiting', 'matched', 'ignored')),
  constraint bank_lines_amount_positive check (amount > 0 and amount < 100000000),
  constraint bank_lines_matched_is_paid check ((status = 'matched') = (payment_id is not null))
);
create index idx_bank_lines_waiting on leadgen.bank_lines (id) where status = 'waiting';
