-- Payments: what buyers pay, what is taken back of it, what providers say, and how a buyer is recharged.
--
-- A payment and a reversal hold what the provider last said of them. The ledger follows: what is booked for them is brought
-- into line each time, by the difference (sql/functions/billing/payment_bookings.sql). So events may come in any order, late
-- or twice. The network is the worker's: it takes what is due (ask_at), calls Stripe outside of any transaction, and records
-- the answer.
--
--   pending ──► completed ◄──► refunded, disputed      the provider's last word counts, also where it contradicts an earlier
--      │  └───► failed, cancelled
--      └─────► unknown ──► pending, completed, failed, cancelled     Stripe did not answer: it is asked, never paid again

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
comment on table leadgen.payments is
  'What buyers pay, by whatever method. What the provider last said of it is in said_status, received and fee; the ledger follows.';
comment on column leadgen.payments.status is
  'said_status, or refunded or disputed where it was completed and taken back. unknown: the provider may have the money, and is asked.';
comment on column leadgen.payments.key is
  'One for each payment, unique, by whoever asked for it: the same again is the same payment.';
comment on column leadgen.payments.provider_key is
  'Made before Stripe is called, and sent with every call as idempotency key and as metadata: so it is charged at most once.';
comment on column leadgen.payments.purpose is 'top_up, recharge (by itself, at a low balance), invoice.';
comment on column leadgen.payments.customer_id is 'The customer at Stripe, as it was when the payment was asked for; null: a new one.';
comment on column leadgen.payments.method_id is 'Recharge: the saved method at Stripe, as it was when the recharge began. No card data.';
comment on column leadgen.payments.saves_method is 'Checkout: the buyer''s method is saved for recharges.';
comment on column leadgen.payments.session_url is 'Where the buyer pays: Stripe''s page.';
comment on column leadgen.payments.provider_id is 'Stripe''s PaymentIntent.';
comment on column leadgen.payments.said_at is 'By the provider''s clock: when it said what is here. What it said before that changes nothing.';
comment on column leadgen.payments.received is 'What came in, as the provider last said.';
comment on column leadgen.payments.fee is 'What the provider keeps of it; null: not known yet.';
comment on column leadgen.payments.booked is 'How much of received is in the ledger.';
comment on column leadgen.payments.bookings is 'How often something was booked for it: the number in the key of the ledger''s transaction.';
comment on column leadgen.payments.ask_at is 'When a worker calls the provider next; null: there is nothing to ask.';
comment on column leadgen.payments.asks is 'How often a worker called; an answer counts for the latest call only.';
comment on column leadgen.payments.called_at is 'When a worker first asked for the money to be charged, or for the page.';
comment on column leadgen.payments.told_status is 'The status whose consequences (event, notice, pause) were carried out.';
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
comment on table leadgen.payment_reversals is 'What of a payment was taken back: a refund, or a dispute (chargeback).';
comment on column leadgen.payment_reversals.status is
  'A refund is pending, unknown, completed or failed; a dispute is an inquiry (no money is taken), open, won or lost.';
comment on column leadgen.payment_reversals.booked is
  'How much of amount the ledger has taken back: all of it while it is pending, unknown, completed, open or lost; else none.';
comment on column leadgen.payment_reversals.fee is 'What the provider keeps for it.';
comment on column leadgen.payment_reversals.settlements is 'Of how many of the provider''s settlements fee is the sum.';
comment on column leadgen.payment_reversals.ask_at is 'When a worker calls the provider next; null: there is nothing to ask.';
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
comment on table leadgen.payment_events is
  'What a provider''s signed webhooks said, as it came: stored first, followed later, each once. No card numbers are in it.';
comment on column leadgen.payment_events.said_at is 'By the provider''s clock.';
comment on column leadgen.payment_events.outcome is
  'done; late: something newer was known; ignored: nothing of ours; waiting: for the payment that it names; failed: see error, tried again; gave_up.';
comment on column leadgen.payment_events.waits_for is 'The provider''s id of the payment that it waits for.';
comment on column leadgen.payment_events.next_try_at is 'When it is followed; null: it was.';
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
comment on table leadgen.payment_profiles is
  'How a buyer pays by Stripe: its customer there, and when it is recharged. The saved method is buyers.payment_method_id.';
comment on column leadgen.payment_profiles.recharge_below is 'It is recharged when its balance is below this; null: never.';
comment on column leadgen.payment_profiles.recharge_amount is 'By how much.';
comment on column leadgen.payment_profiles.recharge_budget is 'At most so much in a calendar month, in the zone of the market of its first enrollment.';
comment on column leadgen.payment_profiles.recharge_paused_at is 'Since when it is not recharged, after a decline; null: it is.';

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
comment on table leadgen.bank_lines is 'What came into a bank account, by the statements that were imported: each line once.';
comment on column leadgen.bank_lines.line_key is
  'Which line of which account it is: the bank''s own number, else a hash of what it says and its place among lines that say the same.';
comment on column leadgen.bank_lines.reference is 'What the payer wrote: an invoice''s number, or the buyer''s reference.';
comment on column leadgen.bank_lines.found is 'By what its buyer was found, or why it waits.';
comment on column leadgen.bank_lines.decided_by is
  'Who matched or ignored it by hand: a login, or a user of the pages (user 5).';
create index idx_bank_lines_waiting on leadgen.bank_lines (id) where status = 'waiting';

create or replace trigger enforce_transition before update of status on leadgen.payments
  for each row when (old.status is distinct from new.status) execute function catalog.enforce_transition('status');
create or replace trigger touch_updated_at before update on leadgen.payments
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_record before delete or truncate on leadgen.payments
  for each statement execute function kernel.refuse_change();
create or replace trigger enforce_transition before update of status on leadgen.payment_reversals
  for each row when (old.status is distinct from new.status) execute function catalog.enforce_transition('status');
create or replace trigger touch_updated_at before update on leadgen.payment_reversals
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_record before delete or truncate on leadgen.payment_reversals
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_record before delete or truncate on leadgen.payment_events
  for each statement execute function kernel.refuse_change();
create or replace trigger touch_updated_at before update on leadgen.payment_profiles
  for each row execute function kernel.touch_updated_at();
create or replace trigger enforce_transition before update of status on leadgen.bank_lines
  for each row when (old.status is distinct from new.status) execute function catalog.enforce_transition('status');
create or replace trigger keep_record before delete or truncate on leadgen.bank_lines
  for each statement execute function kernel.refuse_change();
