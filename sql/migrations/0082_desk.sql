-- Leads are sold by hand; policies are published at a time, and by two where the setting asks for it.
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-function
create type kernel.choice as (
  buyer_id bigint,
  chosen_by text,
  reason text
);
alter type kernel.snapshot add attribute choice kernel.choice;
alter table leadgen.lead_decisions add column choice kernel.choice;

create type rehearsal.mended as (
  snapshot kernel.snapshot,
  decision kernel.decision,
  changes jsonb
);

alter table leadgen.settings add column policies_need_approval boolean not null default false;

create table leadgen.policy_proposals (
  id bigint generated always as identity primary key,
  kind text not null,
  policy_id bigint not null,
  body jsonb not null,
  base_version integer not null,
  reason text not null,
  publish_at timestamptz,
  proposed_at timestamptz not null,
  proposed_by text not null,
  approved_at timestamptz,
  approved_by text,
  status text not null default 'waiting',
  settled_at timestamptz,
  settled_by text,
  version integer,
  fault text,

  constraint policy_proposals_kind_valid check (kind in ('validation', 'routing', 'pricing', 'payout')),
  constraint policy_proposals_status_known check (status in ('waiting', 'approved', 'published', 'withdrawn', 'failed')),
  constraint policy_proposals_reason_is_short check (length(reason) between 1 and 500),
  constraint policy_proposals_approved_by_another check (approved_by <> proposed_by)
);
create index policy_proposals_open_index on leadgen.policy_proposals (kind, policy_id)
where status in ('waiting', 'approved');
create index policy_proposals_due_index on leadgen.policy_proposals (publish_at) where status = 'approved';

-- They gained a parameter.
drop function if exists roads.route_lead_again(leadgen.leads, catalog.route, timestamptz, boolean);
drop function if exists roads.gather_held_lead(kernel.lead_facts, catalog.route, bigint[], integer);
drop function if exists roads.show_lead(text, bigint);
drop function if exists leadgen.show_lead(text, bigint);
