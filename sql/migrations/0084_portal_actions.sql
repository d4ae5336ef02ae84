-- What buyers do by themselves on the portal: limits and hours where their enrollment lets them, what came of a lead, a
-- link as evidence of a return, which notices go to whom.
-- squawk-ignore-file ban-drop-not-null, ban-drop-constraint, constraint-missing-not-valid, require-concurrent-index-creation
alter table leadgen.buyer_offers add column buyer_may_set text[] not null default '{}';
alter table leadgen.buyer_offers
  add constraint buyer_offers_buyer_may_set_known check (buyer_may_set <@ '{limits,hours}');

alter table leadgen.outcome_reports drop constraint outcome_reports_via_valid;
alter table leadgen.outcome_reports
  add constraint outcome_reports_via_valid check (via in ('api', 'link', 'portal'));

alter table leadgen.return_evidence alter column sha256 drop not null;
alter table leadgen.return_evidence alter column bytes drop not null;
alter table leadgen.return_evidence alter column media_type drop not null;
alter table leadgen.return_evidence
  add constraint return_evidence_whole check (num_nulls(sha256, bytes, media_type) in (0, 3));
create unique index return_evidence_link_unique on leadgen.return_evidence (return_id, reference) where sha256 is null;

create table leadgen.notice_choices (
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  topic text not null,
  updated_at timestamptz,
  is_wanted boolean not null default true,
  user_id bigint references leadgen.users (id) on delete set null,

  constraint notice_choices_pkey primary key (buyer_id, topic),
  constraint notice_choices_topic_known check (topic in ('money', 'invoices', 'deliveries'))
);
create index idx_notice_choices_user on leadgen.notice_choices (user_id) where user_id is not null;
alter table leadgen.notice_choices enable row level security;
create policy staff on leadgen.notice_choices to leadgen_dba using (true);
