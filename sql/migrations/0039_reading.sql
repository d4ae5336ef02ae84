-- Leads keep what was mended of their submission and where they came from; facts and signals say by which reading of types
-- a lead was judged. Functions that make these rows are dropped: until those of this deploy are loaded no lead is taken.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-function
alter table leadgen.leads
  add column tracking jsonb,
  add column intake_notes text[];
create index idx_leads_external_id on leadgen.leads ((tracking ->> 'external_id')) where tracking ? 'external_id';

create table leadgen.answer_words (
  word text primary key,
  meaning boolean not null
);

drop function if exists intake.read_request(jsonb, jsonb);
drop function if exists intake.normalize_request(intake.lead_request, catalog.route);
drop function if exists intake.recall_facts(leadgen.leads, text);
drop function if exists intake.insert_lead(
  bigint, intake.lead_request, kernel.lead_facts, catalog.route, text, bytea, jsonb, jsonb, kernel.failure[],
  kernel.decision);
alter type intake.lead_request
  add attribute tracking jsonb,
  add attribute notes text[];
alter type kernel.lead_facts add attribute reading integer;
alter type kernel.lead_signals add attribute reading integer;
