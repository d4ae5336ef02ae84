-- Access: keys of people who operate the system. Sources' keys are on sources.

create table leadgen.operator_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  name varchar(200) not null,
  key_hash varchar(64) not null,
  revoked_at timestamptz,

  constraint operator_keys_key_hash_unique unique (key_hash),
  constraint operator_keys_key_hash_shape check (key_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.operator_keys is 'Keys that may read decisions; made by `leadgen key`.';
comment on column leadgen.operator_keys.key_hash is 'SHA-256 of the key, in hex; the key itself is stored nowhere.';

create table leadgen.buyer_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  name varchar(200) not null,
  key_hash varchar(64) not null,
  revoked_at timestamptz,

  constraint buyer_keys_key_hash_unique unique (key_hash),
  constraint buyer_keys_key_hash_shape check (key_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.buyer_keys is 'Keys with which a buyer answers for its own sales; made by `leadgen key`.';
comment on column leadgen.buyer_keys.key_hash is 'SHA-256 of the key, in hex; the key itself is stored nowhere.';
create index idx_buyer_keys_buyer on leadgen.buyer_keys (buyer_id);

create table leadgen.link_secrets (
  id boolean primary key default true,
  secret bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),

  constraint link_secrets_one_row check (id)
);
comment on table leadgen.link_secrets is
  'Signs the links in e-mails by which buyers answer; nobody but the owner''s functions reads it.';
insert into leadgen.link_secrets default values;
