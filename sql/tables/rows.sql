-- Whose rows they are. Row-level security is on for every table that holds rows of buyers, sources, people or their
-- leads: a role sees none of their rows unless a policy here says so, whatever it was granted.
--
-- Functions of leadgen_owner see all rows: they are the market. For it, PostgreSQL takes no policy into account where
-- row-level security is not forced, and it must not on what the market reads and writes: even a policy of "true" takes
-- the statistics of enums, numbers and JSON from the planner (docs/decisions/2026-11-30-row-level-security.md). It is
-- forced where rows are found by key alone: people, keys and secrets. There a constraint that refuses a row does not
-- print it, either.
--
-- Who is asked for, a buyer or a source, is proved and kept by sql/functions/identity/acting.sql. What each role may
-- read of its rows is said column by column in sql/policies. A policy names functions and roles, and changes by
-- migration, as tables do.

create function identity.acting_buyer()
returns bigint
language plpgsql
stable
as $$
begin
  return null;
end;
$$;

create function identity.acting_source()
returns bigint
language plpgsql
stable
as $$
begin
  return null;
end;
$$;

alter table leadgen.bank_lines enable row level security;
create policy staff on leadgen.bank_lines to leadgen_dba using (true);
alter table leadgen.billing_calendar enable row level security;
create policy staff on leadgen.billing_calendar to leadgen_dba using (true);
alter table leadgen.billing_changes enable row level security;
create policy staff on leadgen.billing_changes to leadgen_dba using (true);
alter table leadgen.buyer_offers enable row level security;
create policy staff on leadgen.buyer_offers to leadgen_dba using (true);
alter table leadgen.buyer_service_areas enable row level security;
create policy staff on leadgen.buyer_service_areas to leadgen_dba using (true);
alter table leadgen.buyers enable row level security;
create policy staff on leadgen.buyers to leadgen_dba using (true);
alter table leadgen.deliveries enable row level security;
create policy staff on leadgen.deliveries to leadgen_dba using (true);
alter table leadgen.delivery_attempts enable row level security;
create policy staff on leadgen.delivery_attempts to leadgen_dba using (true);
alter table leadgen.endpoints enable row level security;
create policy staff on leadgen.endpoints to leadgen_dba using (true);
alter table leadgen.enrollment_endpoints enable row level security;
create policy staff on leadgen.enrollment_endpoints to leadgen_dba using (true);
alter table leadgen.enrollment_usage enable row level security;
create policy staff on leadgen.enrollment_usage to leadgen_dba using (true);
alter table leadgen.enrollment_versions enable row level security;
create policy staff on leadgen.enrollment_versions to leadgen_dba using (true);
alter table leadgen.events enable row level security;
create policy staff on leadgen.events to leadgen_dba using (true);
alter table leadgen.feed_items enable row level security;
create policy staff on leadgen.feed_items to leadgen_dba using (true);
alter table leadgen.intake_quarantine enable row level security;
create policy staff on leadgen.intake_quarantine to leadgen_dba using (true);
alter table leadgen.invoice_lines enable row level security;
create policy staff on leadgen.invoice_lines to leadgen_dba using (true);
alter table leadgen.invoice_reminders_sent enable row level security;
create policy staff on leadgen.invoice_reminders_sent to leadgen_dba using (true);
alter table leadgen.invoices enable row level security;
create policy staff on leadgen.invoices to leadgen_dba using (true);
alter table leadgen.lead_assignments enable row level security;
create policy staff on leadgen.lead_assignments to leadgen_dba using (true);
alter table leadgen.lead_decisions enable row level security;
create policy staff on leadgen.lead_decisions to leadgen_dba using (true);
alter table leadgen.lead_fetches enable row level security;
create policy staff on leadgen.lead_fetches to leadgen_dba using (true);
alter table leadgen.lead_forms enable row level security;
create policy staff on leadgen.lead_forms to leadgen_dba using (true);
alter table leadgen.leads enable row level security;
create policy staff on leadgen.leads to leadgen_dba using (true);
alter table leadgen.ledger_entries enable row level security;
create policy staff on leadgen.ledger_entries to leadgen_dba using (true);
alter table leadgen.ledger_transactions enable row level security;
create policy staff on leadgen.ledger_transactions to leadgen_dba using (true);
alter table leadgen.notice_choices enable row level security;
create policy staff on leadgen.notice_choices to leadgen_dba using (true);
alter table leadgen.notices enable row level security;
create policy staff on leadgen.notices to leadgen_dba using (true);
alter table leadgen.offer_exclusivities enable row level security;
create policy staff on leadgen.offer_exclusivities to leadgen_dba using (true);
alter table leadgen.offers enable row level security;
create policy staff on leadgen.offers to leadgen_dba using (true);
alter table leadgen.outcome_reports enable row level security;
create policy staff on leadgen.outcome_reports to leadgen_dba using (true);
alter table leadgen.payment_events enable row level security;
create policy staff on leadgen.payment_events to leadgen_dba using (true);
alter table leadgen.payment_profiles enable row level security;
create policy staff on leadgen.payment_profiles to leadgen_dba using (true);
alter table leadgen.payment_reversals enable row level security;
create policy staff on leadgen.payment_reversals to leadgen_dba using (true);
alter table leadgen.payments enable row level security;
create policy staff on leadgen.payments to leadgen_dba using (true);
alter table leadgen.replacements enable row level security;
create policy staff on leadgen.replacements to leadgen_dba using (true);
alter table leadgen.report_booking_days enable row level security;
create policy staff on leadgen.report_booking_days to leadgen_dba using (true);
alter table leadgen.report_judged_days enable row level security;
create policy staff on leadgen.report_judged_days to leadgen_dba using (true);
alter table leadgen.report_schedules enable row level security;
create policy staff on leadgen.report_schedules to leadgen_dba using (true);
alter table leadgen.report_lead_days enable row level security;
create policy staff on leadgen.report_lead_days to leadgen_dba using (true);
alter table leadgen.report_reason_days enable row level security;
create policy staff on leadgen.report_reason_days to leadgen_dba using (true);
alter table leadgen.report_sale_days enable row level security;
create policy staff on leadgen.report_sale_days to leadgen_dba using (true);
alter table leadgen.report_speed_days enable row level security;
create policy staff on leadgen.report_speed_days to leadgen_dba using (true);
alter table leadgen.report_sale_periods enable row level security;
create policy staff on leadgen.report_sale_periods to leadgen_dba using (true);
alter table leadgen.report_unsold_months enable row level security;
create policy staff on leadgen.report_unsold_months to leadgen_dba using (true);
alter table leadgen.report_lead_hours enable row level security;
create policy staff on leadgen.report_lead_hours to leadgen_dba using (true);
alter table leadgen.report_sale_hours enable row level security;
create policy staff on leadgen.report_sale_hours to leadgen_dba using (true);
alter table leadgen.reported_outcomes enable row level security;
create policy staff on leadgen.reported_outcomes to leadgen_dba using (true);
alter table leadgen.resends enable row level security;
create policy staff on leadgen.resends to leadgen_dba using (true);
alter table leadgen.return_evidence enable row level security;
create policy staff on leadgen.return_evidence to leadgen_dba using (true);
alter table leadgen.sale_returns enable row level security;
create policy staff on leadgen.sale_returns to leadgen_dba using (true);
alter table leadgen.source_campaigns enable row level security;
create policy staff on leadgen.source_campaigns to leadgen_dba using (true);
alter table leadgen.sources enable row level security;
create policy staff on leadgen.sources to leadgen_dba using (true);
alter table leadgen.api_keys enable row level security;
alter table leadgen.api_keys force row level security;
create policy staff on leadgen.api_keys to leadgen_owner, leadgen_dba using (true);
alter table leadgen.network_secrets enable row level security;
alter table leadgen.network_secrets force row level security;
create policy staff on leadgen.network_secrets to leadgen_owner, leadgen_dba using (true);
alter table leadgen.sign_in_attempts enable row level security;
alter table leadgen.sign_in_attempts force row level security;
create policy staff on leadgen.sign_in_attempts to leadgen_owner, leadgen_dba using (true);
alter table leadgen.source_maps enable row level security;
alter table leadgen.source_maps force row level security;
create policy staff on leadgen.source_maps to leadgen_owner, leadgen_dba using (true);
alter table leadgen.suppression_lists enable row level security;
create policy staff on leadgen.suppression_lists to leadgen_dba using (true);
alter table leadgen.user_bindings enable row level security;
alter table leadgen.user_bindings force row level security;
create policy staff on leadgen.user_bindings to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_challenges enable row level security;
alter table leadgen.user_challenges force row level security;
create policy staff on leadgen.user_challenges to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_devices enable row level security;
alter table leadgen.user_devices force row level security;
create policy staff on leadgen.user_devices to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_mails enable row level security;
alter table leadgen.user_mails force row level security;
create policy staff on leadgen.user_mails to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_passkeys enable row level security;
alter table leadgen.user_passkeys force row level security;
create policy staff on leadgen.user_passkeys to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_passwords enable row level security;
alter table leadgen.user_passwords force row level security;
create policy staff on leadgen.user_passwords to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_recovery_codes enable row level security;
alter table leadgen.user_recovery_codes force row level security;
create policy staff on leadgen.user_recovery_codes to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_sessions enable row level security;
alter table leadgen.user_sessions force row level security;
create policy staff on leadgen.user_sessions to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_tokens enable row level security;
alter table leadgen.user_tokens force row level security;
create policy staff on leadgen.user_tokens to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_totp enable row level security;
alter table leadgen.user_totp force row level security;
create policy staff on leadgen.user_totp to leadgen_owner, leadgen_dba using (true);
alter table leadgen.users enable row level security;
alter table leadgen.users force row level security;
create policy staff on leadgen.users to leadgen_owner, leadgen_dba using (true);
alter table leadgen.webhook_secrets enable row level security;
alter table leadgen.webhook_secrets force row level security;
create policy staff on leadgen.webhook_secrets to leadgen_owner, leadgen_dba using (true);

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
create policy own_buyer on leadgen.enrollment_usage for select to leadgen_reader
  using (exists (
    select from leadgen.buyer_offers e
    where e.id = enrollment_usage.buyer_offer_id and e.buyer_id = (select identity.acting_buyer())));
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
create policy own_buyer on leadgen.outcome_reports for select to leadgen_buyer
  using (buyer_id = (select identity.acting_buyer()));
create policy own_buyer on leadgen.reported_outcomes for select to leadgen_reader
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
create policy own_buyer on leadgen.feed_items for select to leadgen_reader
  using (for_buyers and buyer_id = (select identity.acting_buyer()));

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
