-- Suppression lists: whose they are, and the parts that they are made of.
-- squawk-ignore-file constraint-missing-not-valid, adding-serial-primary-key-field, ban-drop-function, require-concurrent-index-creation
create table leadgen.suppression_lists (
  id integer generated always as identity primary key,
  name text not null,
  buyer_id bigint references leadgen.buyers (id) on delete restrict,
  vertical_id bigint references leadgen.verticals (id) on delete restrict,
  created_at timestamptz not null default current_timestamp,

  constraint suppression_lists_name_unique unique (name),
  constraint suppression_lists_name_is_short check (name ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$')
);
insert into leadgen.suppression_lists (id, name) overriding system value values (0, 'global');

create table leadgen.suppression_parts (
  id integer generated always as identity primary key,
  list_id integer not null,
  status text not null default 'loading',
  kind text,
  country_code text,
  expires_at timestamptz,
  replaces boolean not null default false,
  file_digest bytea,
  lines bigint not null default 0,
  contacts bigint not null default 0,
  refused bigint not null default 0,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,
  live_at timestamptz,
  swept_to bytea,

  constraint suppression_parts_status_valid check (status in ('loading', 'live', 'dropped')),
  constraint suppression_parts_kind_valid check (kind in ('phone', 'email', 'email_domain'))
);
create index idx_suppression_parts_list on leadgen.suppression_parts (list_id);
insert into leadgen.suppression_parts (id, list_id, status, live_at)
overriding system value values (0, 0, 'live', current_timestamp);
update leadgen.suppression_parts set contacts = (select count(*) from leadgen.suppressions) where id = 0;

alter table leadgen.suppressions add column part_id integer not null default 0;
-- squawk-ignore ban-drop-constraint
alter table leadgen.suppressions drop constraint suppressions_pkey;
alter table leadgen.suppressions add constraint suppressions_pkey primary key (value_hash, part_id);

drop function if exists privacy.hash_contact(text, text);
drop function if exists privacy.is_suppressed(text, text, timestamptz);
drop function if exists privacy.suppress(text, text, text, timestamptz, text);
drop function if exists privacy.unsuppress(text, text, text);
drop function if exists leadgen.suppress(text, text, text, timestamptz, text);
drop function if exists leadgen.unsuppress(text, text, text);
drop function if exists intake.normalize_request(intake.lead_request, catalog.route);
drop function if exists intake.recall_facts(leadgen.leads, text);
drop function if exists intake.insert_lead(
  bigint, intake.lead_request, kernel.lead_facts, catalog.route, text, bytea, jsonb, jsonb, kernel.failure[],
  kernel.decision, boolean);
alter type kernel.lead_facts add attribute suppressing_buyers bigint[], add attribute suppressed_by text[],
  add attribute form_token text, add attribute form_status text, add attribute form_issued_at timestamptz,
  add attribute local_timezone text;
alter type kernel.lead_signals add attribute suppressing_buyers bigint[], add attribute suppressed_by text[],
  add attribute form_status text, add attribute form_issued_at timestamptz, add attribute local_timezone text;

-- squawk-ignore ban-drop-constraint
alter table leadgen.chores drop constraint chores_runs_shape;
alter table leadgen.chores add constraint chores_runs_shape
  check (runs ~ '^(auditing|billing|identity|intake|market|outbox|privacy|roads)\.[a-z][a-z0-9_]{1,62}$') not valid;
alter table leadgen.chores validate constraint chores_runs_shape;

create index idx_suppressions_expires_at on leadgen.suppressions (expires_at) where expires_at is not null;

-- Retention: what was a setting, and constants of functions, is rows.
create table leadgen.retention_rules (
  name text primary key,
  position integer not null,
  table_name text not null,
  row_time text not null,
  condition text,
  strikes text[],
  runs text,
  keep interval not null,
  is_active boolean not null default true,
  description text not null,
  done_to bigint not null default 0,

  constraint retention_rules_name_shape check (name ~ '^[a-z][a-z0-9_]{1,62}$'),
  constraint retention_rules_position_unique unique (position) deferrable initially deferred,
  constraint retention_rules_keep_an_hour check (keep >= '1 hour'),
  constraint retention_rules_runs_shape check (runs ~ '^(intake|privacy|roads)\.[a-z][a-z0-9_]{1,62}$')
);
insert into leadgen.retention_rules (name, position, table_name, row_time, keep, is_active, description)
select
  r.name,
  r.position,
  r.table_name,
  'x.created_at' as row_time,
  coalesce(r.keep, s.quarantine_days * interval '1 day') as keep,
  coalesce((select c.is_active from leadgen.chores c where c.name = r.chore), true) as is_active,
  'the deploy says it' as description
from (
  values
    ('quarantine', 10, 'intake_quarantine', null::interval, 'purge_quarantine'),
    ('sessions', 20, 'user_sessions', '90 days', 'forget_people'),
    ('sign_ins', 30, 'sign_in_attempts', '90 days', 'forget_people'),
    ('tries', 40, 'sign_in_tries', '1 day', 'forget_people'),
    ('links', 50, 'user_tokens', '1 day', 'forget_people'),
    ('mails', 60, 'user_mails', '30 days', 'forget_people'),
    ('sign_ups', 70, 'users', '7 days', 'forget_people')
) as r (name, position, table_name, keep, chore)
cross join leadgen.settings s;
-- squawk-ignore ban-drop-column
alter table leadgen.settings drop column quarantine_days;

create table leadgen.consent_texts (
  version varchar(200) primary key,
  text text not null,
  digest bytea not null,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,

  constraint consent_texts_version_shape check (version ~ '^[A-Za-z0-9][A-Za-z0-9 ._:/-]*$'),
  constraint consent_texts_text_says_something check (length(text) between 1 and 10000 and text ~ '\S'),
  constraint consent_texts_digest_is_sha256 check (length(digest) = 32)
);

-- Calling rules.
create type kernel.calling as (
  rules text,
  zone text,
  opens_at timestamptz,
  lacks_consent boolean
);
alter type kernel.snapshot add attribute calling kernel.calling;
alter type kernel.routing_settings add attribute follows_calling_rules boolean;
alter table leadgen.lead_decisions add column calling kernel.calling;
create table leadgen.calling_rules (
  id integer generated always as identity primary key,
  country_code text not null,
  region_code text,
  hours jsonb not null,
  compiled_hours int4multirange not null,
  consent_required boolean not null default false,
  law text,
  is_active boolean not null default true,

  constraint calling_rules_place_unique unique nulls not distinct (country_code, region_code),
  constraint calling_rules_country_shape check (country_code ~ '^[A-Z]{2}$'),
  constraint calling_rules_region_of_country check (starts_with(region_code, country_code || '-'))
);

create table leadgen.calling_holidays (
  country_code text not null,
  region_code text not null default '',
  day date not null,

  primary key (country_code, region_code, day),
  constraint calling_holidays_country_shape check (country_code ~ '^[A-Z]{2}$'),
  constraint calling_holidays_region_of_country check (region_code = '' or starts_with(region_code, country_code || '-'))
);

alter table leadgen.suppression_lists enable row level security;
create policy staff on leadgen.suppression_lists to leadgen_dba using (true);
