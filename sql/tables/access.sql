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
