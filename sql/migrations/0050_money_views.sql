-- What a key of an operator may do; when a buyer is billed next, by an index; what is reserved, and which invoice has a
-- number, without a look at all of them. The index on sales has those rows only whose money is reserved.
-- squawk-ignore-file require-concurrent-index-creation, adding-not-nullable-field, constraint-missing-not-valid
-- squawk-ignore-file require-concurrent-index-deletion, adding-required-field
alter table leadgen.operator_keys
  add column scopes text[] not null default '{read}',
  add constraint operator_keys_scopes_known check (scopes <@ '{read,money}' and 'read' = any(scopes)) not valid;
alter table leadgen.operator_keys validate constraint operator_keys_scopes_known;

alter table leadgen.billing_calendar
  add column due_at timestamptz,
  add column weighed_to bigint not null default 0,
  add column weighed_by numeric[],
  add column unbilled_at_most numeric(14,2) not null default 0;
update leadgen.billing_calendar set due_at = period_end, weighed_to = billed_to;
alter table leadgen.billing_calendar alter column due_at set not null;
drop index leadgen.idx_billing_calendar_period_end;
create index idx_billing_calendar_due_at on leadgen.billing_calendar (due_at);

create index idx_lead_assignments_reserved on leadgen.lead_assignments (buyer_id)
  where acceptance = 'explicit' and accepted_at is null and released_at is null;
create index idx_invoices_number_upper on leadgen.invoices ((upper(invoice_number)));
