-- Maps: sources that post in a shape of their own.
--
-- A field map says in JSON paths where our fields are in somebody else's document, what names the lead, what marks a
-- test and what proves who sends it. Google Ads lead forms and Meta lead ads are two rows of it. A source without a map
-- posts in our shape.

create table leadgen.field_maps (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  slug varchar(64) not null,
  name varchar(200) not null,
  body jsonb not null,

  constraint field_maps_slug_unique unique (slug),
  constraint field_maps_body_is_object check (jsonb_typeof(body) = 'object')
);
comment on table leadgen.field_maps is
  'How a document of another shape becomes a lead. google-ads-lead-form and meta-lead-ads are written anew by every '
  'deploy: change a copy.';
comment on column leadgen.field_maps.body is
  'fields {our field: path, [alternatives], {"join": [...]} or {"constant": ...}}, answers {items, name, value, prefix}, or several of them, '
  'leads, fetch, idempotency_key {path, prefix}, is_test, ignore, authentication (api_key, key_in_body, signature), '
  'key, answer (lead, empty), by_campaign; what is not mapped goes into attributes.';

create or replace trigger touch_updated_at before update on leadgen.field_maps
  for each row execute function kernel.touch_updated_at();
create or replace trigger write_field_map before insert or update of slug, body on leadgen.field_maps
  for each row execute function intake.write_field_map();

create table leadgen.source_maps (
  source_id bigint primary key references leadgen.sources (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  field_map_id bigint not null references leadgen.field_maps (id) on delete restrict
);
comment on table leadgen.source_maps is
  'The field map of a source that posts in a shape of its own. A map that checks signatures needs the source''s '
  'app_secret in network_secrets first.';
create index idx_source_maps_field_map_id on leadgen.source_maps (field_map_id);

create or replace trigger touch_updated_at before update on leadgen.source_maps
  for each row execute function kernel.touch_updated_at();
create or replace trigger write_source_map before insert or update of source_id, field_map_id on leadgen.source_maps
  for each row execute function intake.write_source_map();

create table leadgen.network_secrets (
  source_id bigint primary key references leadgen.sources (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  app_secret text,
  access_token text,
  verify_token text
);
comment on table leadgen.network_secrets is
  'The secrets of the ad network that posts to a source. The functions of the owner read it, and nobody else; DBAs '
  'write it by leadgen.set_network_secrets and remove_network_secrets.';
comment on column leadgen.network_secrets.app_secret is
  'Signs each post of the network; needed in clear to compute the same signature.';
comment on column leadgen.network_secrets.access_token is
  'With it a lead is fetched that a post only names (Meta: the long-lived page token).';
comment on column leadgen.network_secrets.verify_token is
  'What the network repeats when it is shown our address for the first time.';

create or replace trigger touch_updated_at before update on leadgen.network_secrets
  for each row execute function kernel.touch_updated_at();
create or replace trigger keep_secrets before insert or update on leadgen.network_secrets
  for each row execute function kernel.keep_secrets();

create type intake.mapped_source as (
  source_id bigint,
  source_key text,
  api_key_hash text,
  map jsonb,
  app_secret text,
  access_token text,
  document jsonb
);
comment on type intake.mapped_source is
  'Whom a post comes from, once that is proved: the source, its map and secrets, and the post as JSON.';
