-- Outcome reports: what buyers say came of their leads. And results that have more columns.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-function
create table leadgen.outcome_reports (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  market_id bigint not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  lead_id bigint not null,
  assignment_id bigint not null references leadgen.lead_assignments (id) on delete restrict,
  via text not null,
  digest bytea not null,
  happened_at timestamptz not null,
  stage text,
  value numeric(12,2),
  stars integer,
  comment text,

  constraint outcome_reports_via_valid check (via in ('api', 'link')),
  constraint outcome_reports_stage_valid check (
    stage in ('contacted', 'appointment', 'quoted', 'won', 'lost')),
  constraint outcome_reports_value_bounded check (value between 0 and 9999999999.99),
  constraint outcome_reports_value_has_stage check (value is null or stage in ('quoted', 'won')),
  constraint outcome_reports_stars_bounded check (stars between 1 and 5),
  constraint outcome_reports_comment_bounded check (length(comment) <= 500)
);

create index idx_outcome_reports_sale on leadgen.outcome_reports (assignment_id, id);

create table leadgen.reported_outcomes (
  assignment_id bigint primary key references leadgen.lead_assignments (id) on delete restrict,
  market_id bigint not null,
  offer_id bigint not null,
  buyer_id bigint not null,
  lead_id bigint not null,
  reports integer not null,
  first_reported_at timestamptz not null,
  last_reported_at timestamptz not null,
  stage text,
  happened_at timestamptz,
  contacted_at timestamptz,
  appointment_at timestamptz,
  quoted_at timestamptz,
  won_at timestamptz,
  lost_at timestamptz,
  value numeric(12,2),
  stars integer
);

create index idx_reported_outcomes_buyer on leadgen.reported_outcomes (buyer_id);

alter table leadgen.outcome_reports enable row level security;
create policy staff on leadgen.outcome_reports to leadgen_dba using (true);
create policy own_buyer on leadgen.outcome_reports for select to leadgen_buyer
  using (buyer_id = (select identity.acting_buyer()));
alter table leadgen.reported_outcomes enable row level security;
create policy staff on leadgen.reported_outcomes to leadgen_dba using (true);
create policy own_buyer on leadgen.reported_outcomes for select to leadgen_reader
  using (buyer_id = (select identity.acting_buyer()));

drop function if exists leadgen.answer_by_link(text, text, text);
drop function if exists roads.answer_by_link(text, text, text);
drop function if exists leadgen.explain_unsold(bigint, timestamptz, timestamptz);
drop function if exists roads.explain_unsold(bigint, timestamptz, timestamptz);
drop function if exists leadgen.pause_enrollment(bigint, timestamptz, timestamptz);
drop function if exists catalog.pause_enrollment(bigint, timestamptz, timestamptz);
