-- Webhooks of operators: endpoints, notices and deliveries need no buyer any more. Endpoints and notices are small tables.
-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, require-concurrent-index-creation, ban-drop-not-null
create table leadgen.operator_hooks (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  name varchar(200) not null,
  url varchar(500) not null,
  kinds text[] not null default '{}',
  is_active boolean not null default true,
  removed_at timestamptz,
  last_item_id bigint not null,

  constraint operator_hooks_name_shape check (name ~ E'^[^[:cntrl:]]+$' and name ~ E'\\S'),
  constraint operator_hooks_removed_is_off check (removed_at is null or not is_active)
) with (fillfactor = 70);

create table leadgen.hook_secrets (
  hook_id bigint primary key references leadgen.operator_hooks (id) on delete restrict,
  created_at timestamptz not null default current_timestamp,
  secret varchar(200) not null,
  previous_secret varchar(200),
  previous_secret_until timestamptz,

  constraint hook_secrets_secret_shape check (secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
  constraint hook_secrets_previous_secret_ends check ((previous_secret is null) = (previous_secret_until is null))
);

alter table leadgen.endpoints
  alter column buyer_id drop not null,
  add column hook_id bigint references leadgen.operator_hooks (id) on delete restrict,
  add constraint endpoints_one_owner check (num_nonnulls(buyer_id, hook_id) = 1);
create unique index endpoints_hook_unique on leadgen.endpoints (hook_id) where hook_id is not null;

alter table leadgen.notices
  alter column buyer_id drop not null,
  add column hook_id bigint references leadgen.operator_hooks (id) on delete restrict,
  add constraint notices_one_receiver check (num_nonnulls(buyer_id, hook_id) = 1);

alter table leadgen.deliveries alter column buyer_id drop not null;
