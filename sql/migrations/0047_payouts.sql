-- What sources are paid. A source without a payout policy costs nothing, as all did before. The tables whose constraints
-- change are small: sources, and policies with their versions; the two that grow get nullable columns alone.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-constraint
create type kernel.payout_settings as (
  is_per_sale boolean,
  rules kernel.price_rule[],
  min_margin numeric,
  min_margin_percent numeric
);

create type kernel.cost_terms as (
  price numeric,
  percent numeric,
  is_per_sale boolean,
  is_paid boolean,
  min_margin numeric,
  min_margin_percent numeric
);

create table leadgen.payout_policies (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  version integer not null default 1,
  rules jsonb not null,
  is_active boolean not null default true,
  compiled_rules kernel.payout_settings,

  constraint payout_policies_rules_is_object check (jsonb_typeof(rules) = 'object')
);

alter table leadgen.sources
  add column payout_policy_id bigint,
  add constraint sources_payout_policy_id_fkey
    foreign key (payout_policy_id) references leadgen.payout_policies (id) on delete restrict not valid;
alter table leadgen.sources validate constraint sources_payout_policy_id_fkey;

alter table leadgen.policy_keys drop constraint policy_keys_kind_valid;
alter table leadgen.policy_keys
  add constraint policy_keys_kind_valid check (kind in ('validation', 'routing', 'pricing', 'payout')) not valid;
alter table leadgen.policy_keys validate constraint policy_keys_kind_valid;
alter table leadgen.policy_versions drop constraint policy_versions_kind_valid;
alter table leadgen.policy_versions
  add constraint policy_versions_kind_valid check (kind in ('validation', 'routing', 'pricing', 'payout')) not valid;
alter table leadgen.policy_versions validate constraint policy_versions_kind_valid;

alter table leadgen.lead_decisions
  add column payout_policy_id bigint,
  add column payout_policy_version integer,
  add column cost kernel.cost_terms;
alter table leadgen.lead_assignments add column cost numeric(10,2);

alter type kernel.snapshot add attribute cost kernel.cost_terms;
alter type kernel.decision add attribute costs numeric[];
alter type catalog.route
  add attribute payout_policy_id bigint,
  add attribute payout_policy_version integer,
  add attribute payout kernel.payout_settings;
alter type rehearsal.plan add attribute payout jsonb;
alter type rehearsal.play add attribute cost numeric;
alter type rehearsal.policies
  add attribute payout_is_read boolean,
  add attribute payout_id bigint,
  add attribute payout_version integer,
  add attribute payout kernel.payout_settings;
