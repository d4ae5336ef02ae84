-- Money: what buyers are billed for.

create type leadgen.invoice_status as enum ('draft', 'sent', 'paid', 'overdue', 'cancelled', 'disputed');
create type leadgen.payment_method as enum ('stripe', 'manual', 'bank_transfer', 'check');

create table leadgen.invoices (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  buyer_id bigint not null references leadgen.buyers (id) on delete restrict,
  offer_id bigint not null references leadgen.offers (id) on delete restrict,
  period_start timestamptz not null,
  period_end timestamptz not null,
  due_date timestamptz not null,
  invoice_number varchar(50) not null,
  status leadgen.invoice_status not null default 'draft',
  total_leads integer not null default 0,
  amount_due numeric(10,2) not null default 0.00,
  tax_amount numeric(10,2) not null default 0.00,
  total_amount numeric(10,2) not null default 0.00,
  payment_method leadgen.payment_method,
  paid_at timestamptz,
  transaction_id varchar(200),
  disputed_at timestamptz,
  dispute_reason text,
  resolved_at timestamptz,
  resolution_notes text,

  constraint invoices_invoice_number_unique unique (invoice_number),
  constraint check_valid_period check (period_start < period_end),
  constraint check_non_negative_leads check (total_leads >= 0),
  constraint check_non_negative_amount check (amount_due >= 0)
);
comment on table leadgen.invoices is 'A buyer''s bill for one offer and one period, in the market''s currency.';
create index idx_invoices_buyer_offer_period
  on leadgen.invoices (buyer_id, offer_id, period_start, period_end);
create index idx_invoices_status_due on leadgen.invoices (status, due_date);
create index idx_invoices_paid_at on leadgen.invoices (paid_at) where paid_at is not null;

create or replace trigger enforce_transition before update of status on leadgen.invoices
  for each row when (old.status is distinct from new.status) execute function catalog.enforce_transition('status');
create or replace trigger touch_updated_at before update on leadgen.invoices
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_issued before delete on leadgen.invoices
  for each row when (old.status <> 'draft') execute function catalog.keep_issued();
create or replace trigger keep_record before truncate on leadgen.invoices
  for each statement execute function kernel.refuse_change();
