-- Passkeys: public keys by which users sign in without a password, and the challenges that are signed.
create table leadgen.user_passkeys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  user_id bigint not null references leadgen.users (id) on delete cascade,
  name varchar(200) not null,
  credential_id bytea not null,
  public_key bytea not null,
  sign_count bigint not null,
  used_at timestamptz,

  constraint user_passkeys_credential_unique unique (credential_id),
  constraint user_passkeys_name_shape check (name ~ E'^[^[:cntrl:]]+$' and name ~ E'\\S'),
  constraint user_passkeys_credential_length check (length(credential_id) between 16 and 1023),
  constraint user_passkeys_public_key_length check (length(public_key) between 32 and 2000),
  constraint user_passkeys_sign_count_not_negative check (sign_count >= 0)
);
create index idx_user_passkeys_user on leadgen.user_passkeys (user_id);

create table leadgen.user_challenges (
  challenge_hash text primary key,
  created_at timestamptz not null,
  user_id bigint references leadgen.users (id) on delete cascade,

  constraint user_challenges_hash_shape check (challenge_hash ~ '^[0-9a-f]{64}$')
);
create index idx_user_challenges_created_at on leadgen.user_challenges (created_at);
create index idx_user_challenges_user on leadgen.user_challenges (user_id) where user_id is not null;

alter table leadgen.user_challenges enable row level security;
alter table leadgen.user_challenges force row level security;
create policy staff on leadgen.user_challenges to leadgen_owner, leadgen_dba using (true);
alter table leadgen.user_passkeys enable row level security;
alter table leadgen.user_passkeys force row level security;
create policy staff on leadgen.user_passkeys to leadgen_owner, leadgen_dba using (true);
