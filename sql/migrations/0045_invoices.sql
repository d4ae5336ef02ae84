-- Invoices and credit notes by lines of the ledger, with tax, numbers without gaps, reminders and closed months.
-- invoices was empty but for rows that somebody wrote by hand; the checks of buyers read a table of configuration.
-- squawk-ignore-file require-enum-value-ordering, constraint-missing-not-valid, ban-drop-not-null, changing-column-type
-- squawk-ignore-file adding-not-nullable-field, require-concurrent-index-creation
alter type leadgen.invoice_status add value 'partly_paid';

alter table leadgen.ledger_kinds add column is_billed boolean not null default false;

-- A cycle that nobody knows was weekly for whoever read it: that was the default.
update leadgen.buyers b
set billing_cycle = case
  when lower(btrim(b.billing_cycle)) in ('daily', 'weekly', 'biweekly', 'monthly') then lower(btrim(b.billing_cycle))
  else 'weekly' end
where b.billing_cycle not in ('daily', 'weekly', 'biweekly', 'monthly');
alter table leadgen.buyers
  add column invoices_by text not null default 'offer',
  add column payment_terms_days integer,
  add column tax_id text,
  add column tax_address text,
  add column tax_country char(2),
  add column tax_region text,
  add column is_tax_exempt boolean not null default false,
  add constraint buyers_billing_cycle_valid check (billing_cycle in ('daily', 'weekly', 'biweekly', 'monthly')) not valid,
  add constraint buyers_invoices_by_valid check (invoices_by in ('offer', 'buyer')) not valid,
  add constraint buyers_payment_terms_bounded check (payment_terms_days between 0 and 365) not valid,
  add constraint buyers_tax_country_shape check (tax_country ~ '^[A-Z]{2}$') not valid,
  add constraint buyers_tax_region_of_country check (
    tax_region ~ '^[A-Z]{2}-[A-Z0-9]{1,3}$' and left(tax_region, 2) = tax_country) not valid,
  add constraint buyers_tax_text_bounded check (length(tax_id) <= 50 and length(tax_address) <= 500) not valid;
alter table leadgen.buyers
  validate constraint buyers_billing_cycle_valid,
  validate constraint buyers_invoices_by_valid,
  validate constraint buyers_payment_terms_bounded,
  validate constraint buyers_tax_country_shape,
  validate constraint buyers_tax_region_of_country,
  validate constraint buyers_tax_text_bounded;

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
insert into leadgen.billing_settings default values;

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
create unique index idx_tax_rates_unique on leadgen.tax_rates (country, (coalesce(region, '')), kind, valid_from);

create table leadgen.invoice_series (
  series text not null,
  year integer not null,
  last_number integer not null,

  constraint invoice_series_pkey primary key (series, year),
  constraint invoice_series_number_positive check (last_number > 0)
);

create table leadgen.billing_calendar (
  buyer_id bigint primary key references leadgen.buyers (id) on delete cascade,
  cycle text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  billed_to bigint not null default 0,

  constraint billing_calendar_period check (period_start < period_end)
);
create index idx_billing_calendar_period_end on leadgen.billing_calendar (period_end);

-- Nothing of ours wrote invoices before; what somebody kept in the table gets numbers of its own series.
alter table leadgen.invoices
  alter column offer_id drop not null,
  alter column amount_due type numeric(14,2),
  alter column tax_amount type numeric(14,2),
  alter column total_amount type numeric(14,2),
  add column kind text not null default 'invoice',
  add column currency char(3),
  add column timezone text,
  add column series text,
  add column year integer,
  add column number integer,
  add column issued_at timestamptz,
  add column terms_days integer not null default 14,
  add column paid_amount numeric(14,2) not null default 0,
  add column credited_amount numeric(14,2) not null default 0,
  add column bill_from jsonb,
  add column bill_to jsonb,
  add column cancelled_at timestamptz;
update leadgen.invoices i
set
  currency = m.currency,
  timezone = m.timezone,
  total_amount = i.amount_due + i.tax_amount,
  paid_amount = case when i.status = 'paid' then greatest(i.amount_due + i.tax_amount, 0) else 0 end
from leadgen.offers o
join leadgen.markets m on m.id = o.market_id
where o.id = i.offer_id;
with issued as (
  select i.id, row_number() over (partition by extract(year from i.created_at) order by i.id) as number
  from leadgen.invoices i
  where i.status <> 'draft'
)
update leadgen.invoices i
set series = 'OLD', year = extract(year from i.created_at)::integer, number = s.number, issued_at = i.created_at
from issued s
where s.id = i.id;
insert into leadgen.invoice_series (series, year, last_number)
select i.series, i.year, max(i.number) as last_number from leadgen.invoices i where i.number is not null group by i.series, i.year;
alter table leadgen.invoices
  alter column currency set not null,
  alter column timezone set not null,
  add constraint invoices_kind_valid check (kind in ('invoice', 'credit_note')) not valid,
  add constraint invoices_total_adds_up check (total_amount = amount_due + tax_amount) not valid,
  add constraint invoices_paid_at_most_total check (
    paid_amount >= 0 and credited_amount >= 0 and paid_amount + credited_amount <= total_amount) not valid,
  add constraint invoices_number_complete check (num_nulls(series, year, number, issued_at) in (0, 4)) not valid,
  add constraint invoices_number_when_sent check (number is not null or status in ('draft', 'cancelled')) not valid;
alter table leadgen.invoices
  validate constraint invoices_kind_valid,
  validate constraint invoices_total_adds_up,
  validate constraint invoices_paid_at_most_total,
  validate constraint invoices_number_complete,
  validate constraint invoices_number_when_sent;
create unique index idx_invoices_number on leadgen.invoices (series, year, number) where number is not null;
create unique index idx_invoices_draft on leadgen.invoices (buyer_id, kind, (coalesce(offer_id, 0))) where status = 'draft';

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
create index idx_invoice_lines_corrects on leadgen.invoice_lines (corrects_transaction_id)
  where corrects_transaction_id is not null;
create index idx_invoice_lines_corrects_invoice on leadgen.invoice_lines (corrects_invoice_id)
  where corrects_invoice_id is not null;

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

create table leadgen.closed_periods (
  period text primary key,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  closed_at timestamptz not null,
  closed_by text not null default session_user,

  constraint closed_periods_period_shape check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  constraint closed_periods_order check (starts_at < ends_at and ends_at <= closed_at)
);
create index idx_closed_periods_ends_at on leadgen.closed_periods (ends_at);

create table leadgen.closed_totals (
  period text not null references leadgen.closed_periods (period) on delete restrict,
  account leadgen.ledger_account not null,
  currency char(3) not null,
  entries bigint not null,
  debits numeric(16,2) not null,
  credits numeric(16,2) not null,

  constraint closed_totals_pkey primary key (period, account, currency)
);
