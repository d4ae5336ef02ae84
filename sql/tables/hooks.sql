-- Hooks: webhooks of operators. Each takes the feed's items of its kinds, in their order, through the outbox: a hook has an
-- endpoint, and what it is told is a notice with up to 100 items.

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
comment on table leadgen.operator_hooks is
  'Webhooks of operators: where the feed is sent. A row is never deleted; leadgen hooks manages them.';
comment on column leadgen.operator_hooks.kinds is 'Kinds of the feed (leadgen.feed_kinds); empty: all.';
comment on column leadgen.operator_hooks.is_active is 'False: it is paused, and what comes meanwhile is sent afterwards.';
comment on column leadgen.operator_hooks.last_item_id is 'The item up to which the feed is in its deliveries, or is not for it.';

create or replace trigger touch_updated_at before update of name, url, kinds, is_active, removed_at on leadgen.operator_hooks
  for each row execute function kernel.touch_updated_at();
-- Of a URL what follows a ? may be a secret.
create or replace trigger keep_secrets before insert or update of name, url, kinds, is_active, removed_at
  on leadgen.operator_hooks
  for each row execute function kernel.keep_secrets();

create table leadgen.hook_secrets (
  hook_id bigint primary key references leadgen.operator_hooks (id) on delete restrict,
  created_at timestamptz not null default current_timestamp,
  secret varchar(200) not null,
  previous_secret varchar(200),
  previous_secret_until timestamptz,

  constraint hook_secrets_secret_shape check (secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
  constraint hook_secrets_previous_secret_ends check ((previous_secret is null) = (previous_secret_until is null))
);
create or replace trigger keep_secrets before insert or update on leadgen.hook_secrets
  for each row execute function kernel.keep_secrets();
comment on table leadgen.hook_secrets is
  'What signs the webhooks of operators. The owner''s functions read it, and nobody else.';
comment on column leadgen.hook_secrets.previous_secret is 'Signs beside the new one until previous_secret_until.';

alter table leadgen.endpoints
  alter column buyer_id drop not null,
  add column hook_id bigint references leadgen.operator_hooks (id) on delete restrict,
  add constraint endpoints_one_owner check (num_nonnulls(buyer_id, hook_id) = 1);
comment on column leadgen.endpoints.hook_id is 'The hook of operators that it is of; null: it is a buyer''s.';
create unique index endpoints_hook_unique on leadgen.endpoints (hook_id) where hook_id is not null;

alter table leadgen.notices
  alter column buyer_id drop not null,
  add column hook_id bigint references leadgen.operator_hooks (id) on delete restrict,
  add constraint notices_one_receiver check (num_nonnulls(buyer_id, hook_id) = 1);
comment on column leadgen.notices.hook_id is 'The hook of operators that is told; null: a buyer is.';

alter table leadgen.deliveries alter column buyer_id drop not null;
comment on column leadgen.deliveries.buyer_id is 'To whom it goes; null: to a hook of operators.';
