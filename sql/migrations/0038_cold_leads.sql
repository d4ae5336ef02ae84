-- A lead that its exclusive buyer never can take falls through: which reasons may pass is said in the registry of checks.
-- A sale of which nothing has reached its buyer in time passes on; the sales that there are never did, and do not.
-- squawk-ignore-file require-concurrent-index-creation
alter table leadgen.candidate_checks add column can_pass text;

alter type kernel.routing_settings add attribute deliver_within_seconds numeric;
alter table leadgen.lead_assignments
  add column pass_on_at timestamptz,
  add column undelivered_seconds numeric;
create index idx_lead_assignments_cold on leadgen.lead_assignments (offer_id, pass_on_at, id)
  where outcome = 'pending' and pass_on_at is not null;
