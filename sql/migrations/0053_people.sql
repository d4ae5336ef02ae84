-- People: users, what proves who they are, and where they are signed in. A chore of module identity is allowed.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
alter table leadgen.chores drop constraint chores_runs_shape;
alter table leadgen.chores
  add constraint chores_runs_shape check (runs ~ '^(billing|identity|intake|market|outbox|roads)\.[a-z][a-z0-9_]{1,62}$') not valid;
alter table leadgen.chores validate constraint chores_runs_shape;

create table leadgen.users (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz,
  email varchar(200) not null,
  name varchar(200) not null,
  company varchar(200),
  phone varchar(40),
  role text not null,
  buyer_id bigint references leadgen.buyers (id) on delete restrict,
  source_id bigint references leadgen.sources (id) on delete restrict,
  member_kind text,
  status text not null default 'pending',
  verified_at timestamptz,
  approved_at timestamptz,
  signed_in_at timestamptz,

  constraint users_email_unique unique (email),
  constraint users_email_shape check (email ~ E'^[^\\s@[:cntrl:]]{1,64}@[^\\s@[:cntrl:]]{3,}$' and email = lower(email)),
  constraint users_name_shape check (name ~ E'^[^[:cntrl:]]+$' and name ~ E'\\S'),
  constraint users_company_shape check (company ~ E'^[^[:cntrl:]]+$'),
  constraint users_phone_shape check (phone ~ E'^[^[:cntrl:]]+$'),
  constraint users_role_known check (role in ('admin', 'operator', 'analyst', 'finance', 'buyer', 'source')),
  constraint users_status_known check (status in ('pending', 'active', 'deactivated', 'suspended')),
  constraint users_member_kind_known check (member_kind in ('owner', 'member')),
  constraint users_buyer_fits check ((buyer_id is not null) = (role = 'buyer' and approved_at is not null)),
  constraint users_source_fits check ((source_id is not null) = (role = 'source')),
  constraint users_member_kind_fits check ((member_kind is not null) = (role = 'buyer')),
  constraint users_active_is_ready check (status <> 'active' or (verified_at is not null and approved_at is not null))
);
create index idx_users_buyer on leadgen.users (buyer_id) where buyer_id is not null;
create index idx_users_source on leadgen.users (source_id) where source_id is not null;

create table leadgen.user_passwords (
  user_id bigint primary key references leadgen.users (id) on delete cascade,
  changed_at timestamptz not null,
  salt bytea not null,
  memory_kib integer not null,
  passes integer not null,
  lanes integer not null,
  verifier bytea not null,

  constraint user_passwords_salt_length check (length(salt) = 16),
  constraint user_passwords_verifier_length check (length(verifier) = 32),
  constraint user_passwords_cost_bounded check (
    memory_kib between 8192 and 1048576 and passes between 1 and 20 and lanes between 1 and 16)
);

create table leadgen.user_totp (
  user_id bigint primary key references leadgen.users (id) on delete cascade,
  created_at timestamptz not null,
  secret bytea not null,
  confirmed_at timestamptz,
  last_step bigint not null default 0,

  constraint user_totp_secret_length check (length(secret) = 20)
);

create table leadgen.user_recovery_codes (
  user_id bigint not null references leadgen.users (id) on delete cascade,
  code_hash text not null,
  used_at timestamptz,

  primary key (user_id, code_hash),
  constraint user_recovery_codes_hash_shape check (code_hash ~ '^[0-9a-f]{64}$')
);

create table leadgen.user_sessions (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  user_id bigint not null references leadgen.users (id) on delete cascade,
  token_hash text not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null,
  address text,
  network text,
  agent varchar(300),
  ended_at timestamptz,
  ended_because text,

  constraint user_sessions_token_hash_unique unique (token_hash),
  constraint user_sessions_token_hash_shape check (token_hash ~ '^[0-9a-f]{64}$'),
  constraint user_sessions_end_has_reason check ((ended_at is null) = (ended_because is null))
);
create index idx_user_sessions_user on leadgen.user_sessions (user_id, network);

create table leadgen.user_devices (
  user_id bigint not null references leadgen.users (id) on delete cascade,
  device_hash text not null,
  seen_at timestamptz not null,

  primary key (user_id, device_hash),
  constraint user_devices_hash_shape check (device_hash ~ '^[0-9a-f]{64}$')
);

create table leadgen.user_tokens (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  user_id bigint not null references leadgen.users (id) on delete cascade,
  purpose text not null,
  token_hash text not null,
  expires_at timestamptz not null,
  used_at timestamptz,

  constraint user_tokens_token_hash_unique unique (token_hash),
  constraint user_tokens_token_hash_shape check (token_hash ~ '^[0-9a-f]{64}$'),
  constraint user_tokens_purpose_known check (purpose in ('verify', 'invite', 'reset'))
);
create index idx_user_tokens_user on leadgen.user_tokens (user_id, purpose);

create table leadgen.user_mails (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  user_id bigint not null references leadgen.users (id) on delete cascade,
  kind text not null,
  message_id uuid not null default gen_random_uuid(),
  due_at timestamptz,
  tries integer not null default 0,
  sent_at timestamptz,
  last_error varchar(200),

  constraint user_mails_kind_known check (kind in ('verify', 'invite', 'reset', 'exists', 'approved', 'password_changed'))
);
create index idx_user_mails_due on leadgen.user_mails (due_at) where due_at is not null;
create index idx_user_mails_user on leadgen.user_mails (user_id, kind, created_at);

create table leadgen.sign_in_attempts (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  user_id bigint references leadgen.users (id) on delete cascade,
  subjects bytea[] not null,
  address text,
  network text,
  device_hash text,
  finished_at timestamptz,
  outcome text,

  constraint sign_in_attempts_outcome_known check (outcome in ('signed_in', 'code_needed', 'failed'))
);
create index idx_sign_in_attempts_created_at on leadgen.sign_in_attempts using brin (created_at);
create index idx_sign_in_attempts_user on leadgen.sign_in_attempts (user_id) where user_id is not null;

create table leadgen.sign_in_tries (
  subject bytea primary key,
  kind text not null,
  tries integer not null default 0,
  last_at timestamptz not null,
  blocked_until timestamptz,

  constraint sign_in_tries_kind_known check (kind in ('device', 'pair', 'account', 'network', 'mail')),
  constraint sign_in_tries_not_negative check (tries >= 0)
);
