-- Whose rows they are: see sql/tables/rows.sql. What the two functions answer is declared in
-- sql/functions/identity/acting.sql; policies need their names.

create or replace function identity.acting_buyer()
returns bigint
language plpgsql
stable
as $$
begin
  return null;
end;
$$;

create or replace function identity.acting_source()
returns bigint
language plpgsql
stable
as $$
begin
  return null;
end;
$$;

do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'bank_lines', 'billing_calendar', 'billing_changes', 'buyer_offers', 'buyer_service_areas', 'buyers', 'deliveries',
    'delivery_attempts', 'endpoints', 'enrollment_endpoints', 'enrollment_usage', 'enrollment_versions', 'events',
    'intake_quarantine', 'invoice_lines', 'invoice_reminders_sent', 'invoices', 'lead_assignments', 'lead_decisions',
    'lead_fetches', 'leads', 'ledger_entries', 'ledger_transactions', 'notices', 'offer_exclusivities', 'offers',
    'payment_events', 'payment_profiles', 'payment_reversals', 'payments', 'replacements', 'resends', 'return_evidence',
    'sale_returns', 'source_campaigns', 'sources'] loop
    execute format('alter table leadgen.%I enable row level security', v_table);
    execute format('create policy staff on leadgen.%I to leadgen_dba using (true)', v_table);
  end loop;
  foreach v_table in array array[
    'buyer_keys', 'network_secrets', 'sign_in_attempts', 'source_maps', 'user_devices', 'user_mails', 'user_passwords',
    'user_recovery_codes', 'user_sessions', 'user_tokens', 'user_totp', 'users', 'webhook_secrets'] loop
    execute format('alter table leadgen.%I enable row level security', v_table);
    execute format('alter table leadgen.%I force row level security', v_table);
    execute format('create policy staff on leadgen.%I to leadgen_owner, leadgen_dba using (true)', v_table);
  end loop;
end;
$$;

-- What a buyer sees, as leadgen_buyer in a session of its own, and as leadgen_reader inside functions that read for it.
-- Who it is is asked once a statement, and no policy calls a function a row. A lead is a buyer's while its sale stands.
create policy own_buyer on leadgen.buyers for select to leadgen_buyer, leadgen_reader
  using (id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.buyer_offers for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy names on leadgen.offers for select to leadgen_reader using (true);
create policy own_buyer on leadgen.offers for select to leadgen_buyer
  using (exists (
    select from leadgen.buyer_offers e
    where e.offer_id = offers.id and e.buyer_id = (select identity.acting_buyer())));
create policy own_buyer on leadgen.buyer_service_areas for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.endpoints for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.lead_assignments for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.leads for select to leadgen_buyer, leadgen_reader
  using (exists (
    select from leadgen.lead_assignments a
    where a.lead_id = leads.id and a.buyer_id = (select identity.acting_buyer())
      and a.released_at is null and a.release_due_at is null));
create policy own_buyer on leadgen.sale_returns for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.return_evidence for select to leadgen_buyer, leadgen_reader
  using (exists (
    select from leadgen.sale_returns r
    where r.id = return_evidence.return_id and r.buyer_id = (select identity.acting_buyer())));
create policy own_buyer on leadgen.deliveries for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.ledger_transactions for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.ledger_entries for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.invoices for select to leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));
create policy own_sent_buyer on leadgen.invoices for select to leadgen_buyer
  using (buyer_id = (select identity.acting_buyer()) and issued_at is not null);
create policy own_buyer on leadgen.invoice_lines for select to leadgen_buyer, leadgen_reader
  using (exists (
    select from leadgen.invoices i
    where i.id = invoice_lines.invoice_id and i.buyer_id = (select identity.acting_buyer())));
create policy own_buyer on leadgen.payments for select to leadgen_buyer, leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));

-- What a source sees, as leadgen_source: the leads that it handed in, and what it is paid for them.
create policy own_source on leadgen.sources for select to leadgen_source
  using (id = (select identity.acting_source()));
create policy own_source on leadgen.leads for select to leadgen_source
  using (source_id = (select identity.acting_source()));
create policy own_source on leadgen.ledger_entries for select to leadgen_source
  using (source_id = (select identity.acting_source()));
create policy own_source on leadgen.ledger_transactions for select to leadgen_source
  using (exists (
    select from leadgen.ledger_entries e
    where e.transaction_id = ledger_transactions.id and e.source_id = (select identity.acting_source())));

-- A page of a buyer's ledger, where row-level security takes the account out of what an index is searched by.
-- squawk-ignore require-concurrent-index-creation
create index idx_ledger_entries_buyer_transaction on leadgen.ledger_entries (buyer_id, transaction_id)
  where buyer_id is not null;
