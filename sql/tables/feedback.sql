-- Feedback: what buyers say came of the leads that they bought.
--
-- outcome_reports is what was said, word for word and for ever. reported_outcomes is what follows from it, one row a
-- sale: it is made anew from all reports at each one, so it does not matter in which order they come. Of a lead that is
-- erased the comments are struck out.

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

  constraint outcome_reports_via_valid check (via in ('api', 'link', 'portal')),
  constraint outcome_reports_stage_valid check (
    stage in ('contacted', 'appointment', 'quoted', 'won', 'lost')),
  constraint outcome_reports_value_bounded check (value between 0 and 9999999999.99),
  constraint outcome_reports_value_has_stage check (value is null or stage in ('quoted', 'won')),
  constraint outcome_reports_stars_bounded check (stars between 1 and 5),
  constraint outcome_reports_comment_bounded check (length(comment) <= 500)
);
comment on table leadgen.outcome_reports is
  'Append-only: what a buyer said came of a lead that it bought. A sale may have many, late and out of order.';
comment on column leadgen.outcome_reports.created_at is 'When it was said.';
comment on column leadgen.outcome_reports.happened_at is 'When it happened, as the buyer says, else when it was said.';
comment on column leadgen.outcome_reports.stage is 'How far the buyer came with the lead; null: only stars or a comment.';
comment on column leadgen.outcome_reports.value is 'What the buyer''s customer was quoted or pays, in the sale''s currency.';
comment on column leadgen.outcome_reports.stars is 'How good the lead was, 1 to 5.';
comment on column leadgen.outcome_reports.comment is 'The buyer''s words. Null: none, or its lead was erased.';
comment on column leadgen.outcome_reports.digest is 'Of what was said: the same report again is the same report.';
create index idx_outcome_reports_sale on leadgen.outcome_reports (assignment_id, id);

create or replace trigger keep_record before delete or truncate on leadgen.outcome_reports
  for each statement execute function kernel.refuse_change();
create or replace trigger keep_report before update of id, created_at, market_id, offer_id, buyer_id, lead_id, assignment_id, via,
  digest, happened_at, stage, value, stars on leadgen.outcome_reports
  for each row execute function kernel.immutable_columns('id', 'created_at', 'market_id', 'offer_id', 'buyer_id', 'lead_id',
    'assignment_id', 'via', 'digest', 'happened_at', 'stage', 'value', 'stars');

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
comment on table leadgen.reported_outcomes is
  'One row a sale of which its buyer reported something: what follows from all its outcome_reports.';
comment on column leadgen.reported_outcomes.stage is
  'The stage that happened last, whenever it was reported; null: no report names one.';
comment on column leadgen.reported_outcomes.contacted_at is
  'When it came to that first; so with the other stages. Null: nobody said so.';
comment on column leadgen.reported_outcomes.value is 'Of the latest quote or win that names one, by when it happened.';
create index idx_reported_outcomes_buyer on leadgen.reported_outcomes (buyer_id);
