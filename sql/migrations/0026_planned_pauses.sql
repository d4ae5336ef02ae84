-- A pause may be planned ahead: it has a beginning. A snapshot holds the pause of each candidate as a range.
-- Who reads or writes the snapshot's pauses as times is dropped: until the functions of this deploy are loaded no lead
-- is routed by them.
-- squawk-ignore-file changing-column-type, ban-drop-function, constraint-missing-not-valid
alter table leadgen.buyer_offers
  add column pause_from timestamptz,
  add constraint buyer_offers_pause_begins_before_it_ends
    check (pause_from is null or (pause_until is not null and pause_from < pause_until));
alter table leadgen.enrollment_versions add column pause_from timestamptz;

drop function if exists market.gather_candidates(kernel.snapshot, kernel.lead_facts, catalog.route, jsonb, bigint[]);
drop function if exists market.recall_terms(leadgen.lead_decisions, kernel.routing_settings);
drop function if exists market.lay_over_terms(kernel.snapshot, leadgen.lead_decisions);
drop function if exists market.read_snapshot_v1(kernel.snapshot, market.candidate_v1[], market.offer_load_v1);
drop function if exists rehearsal.lay_over_candidates(rehearsal.plan, rehearsal.terms, kernel.snapshot);
alter type kernel.snapshot alter attribute pauses type tstzrange[];
