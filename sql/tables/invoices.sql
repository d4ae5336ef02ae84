-- Invoices and credit notes: what buyers are billed, line by line, and the letterhead, tax rates and numbers for it.
--
--   draft ──► sent ──► partly_paid ──► paid
--     │        ├──► overdue ─────────► paid ──► sent, partly_paid, overdue: its payment was taken back
--     │        └──► disputed ────────► sent, paid
--     └──► cancelled ◄── any of them that is not paid, with a credit note for all that is left of it
--
-- A draft collects lines; each line is a transaction of the ledger, which is on one document at most. Once it is sent
-- it has a number and nothing of it changes but its state and how much of it is paid.

create type leadgen.invoice_status as enum ('draft', 'sent', 'paid', 'overdue', 'cancelled', 'disputed', 'partly_paid');
create type leadgen.payment_method as enum ('stripe', 'manual', 'bank_transfer', 'check', 'paypal');

create table leadgen.billing_settings (
  id boolean primary key default true,
  updated_at timestamptz,
  company text,
  address text,
  tax_id text,
  email text,
  phone text,
  website text,
  logo_svg text,
  payment_instructions text,
  terms text,
  footer text,
  pay_url text,
  terms_days integer not null default 14,
  sends_at_once boolean not null default true,
  timezone text not null default 'UTC',
  invoice_series text not null default 'INV',
  credit_note_series text not null default 'CN',
  number_template text not null default '{series}-{year}-{number}',
  number_digits integer not null default 5,

  constraint billing_settings_one_row check (id),
  constraint billing_settings_company_not_empty check (company ~ '\S'),
  constraint billing_settings_texts_bounded check (
    greatest(length(company), length(address), length(tax_id), length(email), length(phone), length(website),
      length(payment_instructions), length(terms), length(footer), length(pay_url)) <= 2000),
  constraint billing_settings_logo_bounded check (length(logo_svg) <= 100000),
  constraint billing_settings_pay_url_shape check (pay_url ~ '^https://[^\s]+$'),
  constraint billing_settings_terms_days_bounded check (terms_days between 0 and 365),
  constraint billing_settings_series_shape check (
    invoice_series ~ '^[A-Z0-9]{1,10}$' and credit_note_series ~ '^[A-Z0-9]{1,10}$' and invoice_series <> credit_note_series),
  constraint billing_settings_template_complete check (
    number_template ~ '^[A-Za-z0-9{}_.-]{1,40}$' and number_template like '%{series}%' and number_template like '%{year}%'
    and number_template like '%{number}%'),
  constraint billing_settings_digits_bounded check (number_digits between 1 and 10)
);
comment on table leadgen.billing_settings is
  'One row: the letterhead, terms and numbers of invoices. Nothing is sent until company is set.';
comment on column leadgen.billing_settings.company is 'Who sends the invoices; null: none are sent, they stay drafts.';
comment on column leadgen.billing_settings.logo_svg is 'An SVG image for the head of an invoice.';
comment on column leadgen.billing_settings.payment_instructions is 'How to pay: bank and account, line by line.';
comment on column leadgen.billing_settings.pay_url is
  'Where an invoice can be paid, https; {number} in it becomes the invoice''s number. Null: no link.';
comment on column leadgen.billing_settings.terms_days is
  'Days from the date of an invoice to its due date, where the buyer has none of its own.';
comment on column leadgen.billing_settings.sends_at_once is
  'Invoices are sent when their period ends; false: they stay drafts until somebody sends them.';
comment on column leadgen.billing_settings.timezone is
  'Of the books: months are closed in it, and a buyer without an enrollment is billed in it.';
comment on column leadgen.billing_settings.number_template is
  'How an invoice''s number is written: {series}, {year} and {number}.';
comment on column leadgen.billing_settings.number_digits is 'How many digits {number} has at least.';

insert into leadgen.billing_settings default values;

create or replace trigger touch_updated_at before update on leadgen.billing_settings
  for each row execute function kernel.touch_updated_at();
create or replace trigger check_settings before insert or update of timezone on leadgen.billing_settings
  for each row execute function billing.check_settings();

create table leadgen.tax_rates (
  id bigint generated always as identity primary key,
  country char(2) not null,
  region text,
  kind text not null default 'standard',
  rate numeric(7,4) not null,
  name text not null,
  words text,
  valid_from date not null default '2000-01-01',
  valid_until date,

  constraint tax_rates_country_shape check (country ~ '^[A-Z]{2}$'),
  constraint tax_rates_region_of_country check (region ~ '^[A-Z]{2}-[A-Z0-9]{1,3}$' and left(region, 2) = country),
  constraint tax_rates_kind_valid check (kind in ('standard', 'exempt', 'reverse_charge')),
  constraint tax_rates_rate_bounded check (rate between 0 and 100 and (kind = 'standard' or rate = 0)),
  constraint tax_rates_name_bounded check (length(name) between 1 and 100 and length(words) <= 500),
  constraint tax_rates_period check (valid_until >= valid_from)
);
comment on table leadgen.tax_rates is
  'What tax is charged to whom, in percent: by the country and region of a buyer, and from when to when. '
  'A region''s goes before its country''s, and of several the one that began last.';
comment on column leadgen.tax_rates.kind is
  'standard; exempt: for buyers with is_tax_exempt; reverse_charge: for those with a tax_id. The last two are 0 percent.';
comment on column leadgen.tax_rates.name is 'What the invoice calls it: Sales tax, VAT.';
comment on column leadgen.tax_rates.words is 'What the law wants printed below: Reverse charge, article 196 of Directive 2006/112/EC.';
comment on column leadgen.tax_rates.valid_until is 'The last day; null: it has no end.';
create unique index idx_tax_rates_unique on leadgen.tax_rates (country, (coalesce(region, '')), kind, valid_from);

create or replace trigger check_words before insert or update of kind on leadgen.tax_rates
  for each row when (new.kind not in ('standard', 'exempt', 'reverse_charge'))
  execute function catalog.check_words();

create table leadgen.invoice_series (
  series text not null,
  year integer not null,
  last_number integer not null,

  constraint invoice_series_pkey primary key (series, year),
  constraint invoice_series_number_positive check (last_number > 0)
);
comment on table leadgen.invoice_series is
  'The last number of each series and year. A number is taken in the transaction that sends the document, as its last lock, so that none is skipped.';

create table leadgen.billing_calendar (
  buyer_id bigint primary key references leadgen.buyers (id) on delete cascade,
  cycle text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  billed_to bigint not null default 0,
  due_at timestamptz not null,
  weighed_to bigint not null default 0,
  weighed_by numeric[],
  unbilled_at_most numeric(14,2) not null default 0,

  constraint billing_calendar_period check (period_start < period_end)
);
comment on table leadgen.billing_calendar is 'The period of each buyer that is open: its invoices are made when it ends.';
comment on column leadgen.billing_calendar.cycle is 'The billing_cycle by which period_end was found.';
comment on column leadgen.billing_calendar.billed_to is
  'Every transaction of the buyer up to this id that is billed at all is a line already: no run looks at it again.';
comment on column leadgen.billing_calendar.due_at is
  'When it is billed next: the end of its period; earlier where a threshold is reached, later after an error.';
comment on column leadgen.billing_calendar.weighed_to is
  'Up to which transaction its unbilled sales were held against the thresholds.';
comment on column leadgen.billing_calendar.weighed_by is 'The thresholds then. Where they are others now, it is weighed again.';
comment on column leadgen.billing_calendar.unbilled_at_most is
  'What was unbilled of it at weighed_to, or more: below every threshold, none can be reached.';
create index idx_billing_calendar_due_at on leadgen.billing_calendar (due_at);

create table leadgen.invoices (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete restrict,
  offer_id bigint references leadgen.offers (id) on delete restrict,
  period_start timestamptz not null,
  period_end timestamptz not null,
  due_date timestamptz not null,
  invoice_number varchar(50) not null,
  status leadgen.invoice_status not null default 'draft',
  total_leads integer not null default 0,
  amount_due numeric(14,2) not null default 0.00,
  tax_amount numeric(14,2) not null default 0.00,
  total_amount numeric(14,2) not null default 0.00,
  payment_method leadgen.payment_method,
  paid_at timestamptz,
  transaction_id varchar(200),
  disputed_at timestamptz,
  dispute_reason text,
  resolved_at timestamptz,
  resolution_notes text,
  kind text not null default 'invoice',
  currency char(3) not null,
  timezone text not null,
  series text,
  year integer,
  number integer,
  issued_at timestamptz,
  terms_days integer not null default 14,
  paid_amount numeric(14,2) not null default 0,
  credited_amount numeric(14,2) not null default 0,
  bill_from jsonb,
  bill_to jsonb,
  cancelled_at timestamptz,
  paid_in_advance numeric(14,2) not null default 0,

  constraint invoices_invoice_number_unique unique (invoice_number),
  constraint check_valid_period check (period_start < period_end),
  constraint check_non_negative_leads check (total_leads >= 0),
  constraint check_non_negative_amount check (amount_due >= 0),
  constraint invoices_kind_valid check (kind in ('invoice', 'credit_note')),
  constraint invoices_total_adds_up check (total_amount = amount_due + tax_amount),
  constraint invoices_paid_at_most_total check (
    paid_amount >= 0 and credited_amount >= 0 and paid_amount + credited_amount <= total_amount),
  constraint invoices_number_complete check (num_nulls(series, year, number, issued_at) in (0, 4)),
  constraint invoices_number_when_sent check (number is not null or status in ('draft', 'cancelled'))
);
comment on table leadgen.invoices is
  'Invoices and credit notes: what a buyer is billed, or credited, for a period, for one offer or for all.';
comment on column leadgen.invoices.offer_id is 'Null: it is for all offers of the buyer.';
comment on column leadgen.invoices.due_date is 'Until when it is to be paid: the end of a day in its zone.';
comment on column leadgen.invoices.invoice_number is 'Of a draft: DRAFT and its id. Sent: see billing_settings.number_template.';
comment on column leadgen.invoices.total_leads is 'How many leads its lines name.';
comment on column leadgen.invoices.amount_due is 'The sum of its lines without tax; of a credit note what it gives back.';
comment on column leadgen.invoices.transaction_id is 'Of the payment, as its provider calls it.';
comment on column leadgen.invoices.kind is 'invoice, or credit_note, whose amounts are what is given back.';
comment on column leadgen.invoices.timezone is 'In which its days are counted.';
comment on column leadgen.invoices.number is 'Without a gap in its series and year.';
comment on column leadgen.invoices.issued_at is 'When it was sent: its date.';
comment on column leadgen.invoices.paid_amount is 'How much of it is paid.';
comment on column leadgen.invoices.paid_in_advance is
  'How much of paid_amount came from the buyer''s balance, with its sales or later: no bank can take it back.';
comment on column leadgen.invoices.credited_amount is 'How much of what was open has been taken off by credit notes.';
comment on column leadgen.invoices.bill_from is 'The letterhead when it was sent.';
comment on column leadgen.invoices.bill_to is 'The buyer when it was sent: name, address, tax id.';
create index idx_invoices_buyer_offer_period
  on leadgen.invoices (buyer_id, offer_id, period_start, period_end);
create index idx_invoices_status_due on leadgen.invoices (status, due_date);
create index idx_invoices_paid_at on leadgen.invoices (paid_at) where paid_at is not null;
create unique index idx_invoices_number on leadgen.invoices (series, year, number) where number is not null;
create index idx_invoices_number_upper on leadgen.invoices ((upper(invoice_number)));
create unique index idx_invoices_draft on leadgen.invoices (buyer_id, kind, (coalesce(offer_id, 0))) where status = 'draft';

create or replace trigger fill_invoice before insert on leadgen.invoices
  for each row when (new.currency is null or new.timezone is null) execute function billing.fill_invoice();
create or replace trigger enforce_transition before update of status on leadgen.invoices
  for each row when (old.status is distinct from new.status) execute function catalog.enforce_transition('status');
create or replace trigger touch_updated_at before update on leadgen.invoices
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_issued before delete on leadgen.invoices
  for each row when (old.status <> 'draft') execute function catalog.keep_issued();
create or replace trigger keep_record before truncate on leadgen.invoices
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_sent before update of
    id, created_at, buyer_id, offer_id, period_start, period_end, due_date, invoice_number, total_leads, amount_due, tax_amount,
    total_amount, kind, currency, timezone, series, year, number, issued_at, terms_days, bill_from, bill_to
  on leadgen.invoices
  for each row when (old.status <> 'draft')
  execute function kernel.immutable_columns(
    'id', 'created_at', 'buyer_id', 'offer_id', 'period_start', 'period_end', 'due_date', 'invoice_number', 'total_leads',
    'amount_due', 'tax_amount', 'total_amount', 'kind', 'currency', 'timezone', 'series', 'year', 'number', 'issued_at',
    'terms_days', 'bill_from', 'bill_to');

create table leadgen.invoice_lines (
  invoice_id bigint not null references leadgen.invoices (id) on delete cascade,
  position integer not null,
  transaction_id bigint not null,
  account leadgen.ledger_account not null,
  booked_at timestamptz not null,
  kind text not null,
  offer_id bigint,
  assignment_id bigint,
  lead_id bigint,
  corrects_transaction_id bigint,
  corrects_invoice_id bigint,
  description text not null,
  amount numeric(12,2) not null,
  tax_name text,
  tax_words text,
  tax_percent numeric(7,4) not null default 0,
  tax_amount numeric(12,2) not null default 0,

  constraint invoice_lines_pkey primary key (invoice_id, position),
  constraint invoice_lines_transaction_unique unique (transaction_id),
  constraint invoice_lines_description_bounded check (length(description) between 1 and 600)
);
comment on table leadgen.invoice_lines is
  'The lines of invoices and credit notes: each is a transaction of the ledger, which is on one document at most.';
comment on column leadgen.invoice_lines.account is 'From which the buyer pays it: buyer_prepaid or buyer_receivable.';
comment on column leadgen.invoice_lines.amount is
  'Without tax. On an invoice above zero: charged; on a credit note above zero: given back.';
comment on column leadgen.invoice_lines.corrects_transaction_id is 'The transaction that it takes back, in whole or in part.';
comment on column leadgen.invoice_lines.corrects_invoice_id is 'Of a credit note: the invoice that has what it takes back.';
comment on column leadgen.invoice_lines.tax_amount is 'Rounded once, on the line.';
create index idx_invoice_lines_corrects on leadgen.invoice_lines (corrects_transaction_id)
  where corrects_transaction_id is not null;
create index idx_invoice_lines_corrects_invoice on leadgen.invoice_lines (corrects_invoice_id)
  where corrects_invoice_id is not null;

create or replace trigger keep_sent before insert or update or delete on leadgen.invoice_lines
  for each row execute function billing.keep_sent_lines();
create or replace trigger keep_record before truncate on leadgen.invoice_lines
  for each statement execute function kernel.refuse_change();

create table leadgen.invoice_reminders (
  id bigint generated always as identity primary key,
  days_after_due integer not null,
  subject text not null,
  message text not null,
  is_active boolean not null default true,

  constraint invoice_reminders_days_unique unique (days_after_due),
  constraint invoice_reminders_days_bounded check (days_after_due between -90 and 365),
  constraint invoice_reminders_text_bounded check (length(subject) between 1 and 150 and length(message) between 1 and 2000)
);
comment on table leadgen.invoice_reminders is
  'When a buyer is reminded of an open invoice, and in which words. {number}, {total}, {open}, {currency} and {due} in them are filled in.';
comment on column leadgen.invoice_reminders.days_after_due is 'Below zero: so many days before it is due.';

insert into leadgen.invoice_reminders (days_after_due, subject, message)
values
  (3, 'Invoice {number} is overdue', 'Invoice {number} of {total} {currency} was due on {due}. {open} {currency} are open.'),
  (14, 'Second reminder: invoice {number}', 'Invoice {number} was due on {due}. Please pay {open} {currency} now.');

create table leadgen.invoice_reminders_sent (
  invoice_id bigint not null references leadgen.invoices (id) on delete restrict,
  reminder_id bigint not null,
  sent_at timestamptz not null,

  constraint invoice_reminders_sent_pkey primary key (invoice_id, reminder_id)
);
comment on table leadgen.invoice_reminders_sent is 'Append-only: which reminders of which invoices were sent. None is sent twice.';
create or replace trigger keep_record before update or delete or truncate on leadgen.invoice_reminders_sent
  for each statement execute function kernel.refuse_change();

create table leadgen.closed_periods (
  period text primary key,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  closed_at timestamptz not null,
  closed_by text not null default session_user,

  constraint closed_periods_period_shape check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  constraint closed_periods_order check (starts_at < ends_at and ends_at <= closed_at)
);
comment on table leadgen.closed_periods is
  'Append-only: the months that are closed, in the zone of the books. Nothing is booked with a booked_at before the end of the last one.';
create index idx_closed_periods_ends_at on leadgen.closed_periods (ends_at);
create or replace trigger keep_record before update or delete or truncate on leadgen.closed_periods
  for each statement execute function kernel.refuse_change();

create table leadgen.closed_totals (
  period text not null references leadgen.closed_periods (period) on delete restrict,
  account leadgen.ledger_account not null,
  currency char(3) not null,
  entries bigint not null,
  debits numeric(16,2) not null,
  credits numeric(16,2) not null,

  constraint closed_totals_pkey primary key (period, account, currency)
);
comment on table leadgen.closed_totals is 'Append-only: what was booked in a closed month, by account and currency.';
create or replace trigger keep_record before update or delete or truncate on leadgen.closed_totals
  for each statement execute function kernel.refuse_change();
