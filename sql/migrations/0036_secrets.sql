-- Secrets move from buyers and source_maps, which people read, copy and export, into tables of their own.
-- squawk-ignore-file ban-drop-column, ban-drop-constraint
create table leadgen.webhook_secrets (
  buyer_id bigint primary key references leadgen.buyers (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  secret varchar(200) not null,
  previous_secret varchar(200),
  previous_secret_until timestamptz,
  headers jsonb not null default '{}',

  constraint webhook_secrets_secret_shape check (secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
  constraint webhook_secrets_previous_secret_ends check ((previous_secret is null) = (previous_secret_until is null)),
  constraint webhook_secrets_headers_are_object check (jsonb_typeof(headers) = 'object')
);
create table leadgen.network_secrets (
  source_id bigint primary key references leadgen.sources (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  app_secret text,
  access_token text,
  verify_token text
);

-- Some buyers of before there were endpoints have no secret. Headers that somebody wrote past the trigger and that are
-- no object never went out.
insert into leadgen.webhook_secrets (buyer_id, secret, previous_secret, previous_secret_until, headers)
select
  b.id,
  coalesce(
    b.webhook_secret,
    'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64')
  ) as secret,
  b.previous_webhook_secret,
  b.previous_secret_until,
  case jsonb_typeof(b.webhook_headers) when 'object' then b.webhook_headers else '{}' end as headers
from leadgen.buyers b;
insert into leadgen.network_secrets (source_id, app_secret, access_token, verify_token)
select m.source_id, m.app_secret, m.access_token, m.verify_token
from leadgen.source_maps m
where num_nonnulls(m.app_secret, m.access_token, m.verify_token) > 0;

-- These two name the columns; the reload makes them anew. keep_secrets guards source_maps no more.
drop trigger if exists fill_buyer on leadgen.buyers;
drop trigger if exists write_source_map on leadgen.source_maps;
drop trigger if exists keep_secrets on leadgen.source_maps;
alter table leadgen.buyers
  drop constraint buyers_webhook_secret_shape,
  drop constraint buyers_previous_secret_ends,
  drop column webhook_secret,
  drop column previous_webhook_secret,
  drop column previous_secret_until,
  drop column webhook_headers;
alter table leadgen.source_maps
  drop column app_secret,
  drop column access_token,
  drop column verify_token;

-- A dropped column stays in the file of its table until the rows are written anew: CLUSTER writes them, without it.
cluster leadgen.buyers using buyers_pkey;
alter table leadgen.buyers set without cluster;
cluster leadgen.source_maps using source_maps_pkey;
alter table leadgen.source_maps set without cluster;
