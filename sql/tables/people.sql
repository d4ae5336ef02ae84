-- People: users, how they prove who they are, and where they are signed in.
--
-- What the database is given of a password, a session, a link in an e-mail, a device or a recovery code is a digest. The
-- secrets of codes (user_totp) are the only ones that must be kept as they are: functions compute with them, and no role
-- but the owner reads them, nor any digest here.
--
--   pending ───► active ◄──► suspended      pending    signed up or invited: not verified, or not approved
--      │           │ ▲           │          suspended  an operator has stopped the user for a while
--      ▲           ▼ │           │          deactivated  the user has left
--      └─────► deactivated ◄─────┘          (back to pending, if it was never verified and approved)
--
-- Only an active user signs in, and leaving that state ends every session. Read on in sql/functions/identity: users.sql,
-- passwords.sql, sign_in.sql, tries.sql (who is slowed down), sessions.sql, user_tokens.sql and user_mails.sql (links in
-- e-mails), totp.sql, passkeys.sql, bindings.sql. Why: docs/decisions/2026-11-30-people.md.

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
  wanted_email varchar(200),

  constraint users_email_unique unique (email),
  constraint users_email_shape check (email ~ E'^[^\\s@[:cntrl:]]{1,64}@[^\\s@[:cntrl:]]{3,}$' and email = lower(email)),
  constraint users_name_shape check (name ~ E'^[^[:cntrl:]]+$' and name ~ E'\\S'),
  constraint users_company_shape check (company ~ E'^[^[:cntrl:]]+$'),
  constraint users_phone_shape check (phone ~ E'^[^[:cntrl:]]+$'),
  constraint users_wanted_email_waits check (wanted_email is null or (role = 'buyer' and verified_at is null)),
  constraint users_role_known check (role in ('admin', 'operator', 'analyst', 'finance', 'buyer', 'source')),
  constraint users_status_known check (status in ('pending', 'active', 'deactivated', 'suspended')),
  constraint users_member_kind_known check (member_kind in ('owner', 'member')),
  constraint users_buyer_fits check ((buyer_id is not null) = (role = 'buyer' and approved_at is not null)),
  constraint users_source_fits check ((source_id is not null) = (role = 'source')),
  constraint users_member_kind_fits check ((member_kind is not null) = (role = 'buyer')),
  constraint users_active_is_ready check (status <> 'active' or (verified_at is not null and approved_at is not null))
);
comment on table leadgen.users is
  'People who sign in. Functions write it. An e-mail address is one user, however its letters are written.';
comment on column leadgen.users.email is 'As ref.read_email writes it: lower case, the domain in ASCII.';
comment on column leadgen.users.company is 'Of a buyer who signed up: for the operator who approves.';
comment on column leadgen.users.phone is 'Of a buyer who signed up: for the operator who approves.';
comment on column leadgen.users.wanted_email is
  'The address that an owner invited while another user had it: email is a placeholder until that address is free. So who '
  'invites does not learn who has a user.';
comment on column leadgen.users.role is
  'What the user may do: admin, operator, analyst, finance; buyer and source see what is their own.';
comment on column leadgen.users.buyer_id is 'Whose user it is, once the sign-up was approved; of a buyer only.';
comment on column leadgen.users.source_id is 'Whose user it is; of a source only.';
comment on column leadgen.users.member_kind is 'Of a buyer: owner or member.';
comment on column leadgen.users.status is
  'pending, active, deactivated or suspended: the moves are rows of leadgen.state_transitions.';
comment on column leadgen.users.verified_at is 'When the user proved to read mail at the address; null: not yet.';
comment on column leadgen.users.approved_at is 'When an operator wanted the user: approved, invited or created; null: not yet.';
create index idx_users_buyer on leadgen.users (buyer_id) where buyer_id is not null;
create index idx_users_source on leadgen.users (source_id) where source_id is not null;

create or replace trigger enforce_transition before update of status on leadgen.users
  for each row when (old.status is distinct from new.status) execute function catalog.enforce_transition('status');
create or replace trigger keep_secrets before insert or update on leadgen.users
  for each row execute function kernel.keep_secrets();
create or replace trigger touch_updated_at before update on leadgen.users
  for each row execute function kernel.touch_updated_at();

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
comment on table leadgen.user_passwords is 'What proves a password; nobody but the owner''s functions reads it.';
comment on column leadgen.user_passwords.verifier is
  'SHA-256 of the Argon2id digest of the password. The API computes the digest and never sees this.';
create or replace trigger keep_secrets before insert or update on leadgen.user_passwords
  for each row execute function kernel.keep_secrets();

create table leadgen.user_totp (
  user_id bigint primary key references leadgen.users (id) on delete cascade,
  created_at timestamptz not null,
  secret bytea not null,
  confirmed_at timestamptz,
  last_step bigint not null default 0,

  constraint user_totp_secret_length check (length(secret) = 20)
);
comment on table leadgen.user_totp is
  'Secrets of one-time codes (RFC 6238); nobody but the owner''s functions reads it.';
comment on column leadgen.user_totp.confirmed_at is 'When a first code proved that the app has the secret; null: codes are not asked for.';
comment on column leadgen.user_totp.last_step is 'Of the last code that was used: no code of this step, or before it, is taken again.';
create or replace trigger keep_secrets before insert or update on leadgen.user_totp
  for each row execute function kernel.keep_secrets();

create table leadgen.user_recovery_codes (
  user_id bigint not null references leadgen.users (id) on delete cascade,
  code_hash text not null,
  used_at timestamptz,

  primary key (user_id, code_hash),
  constraint user_recovery_codes_hash_shape check (code_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.user_recovery_codes is
  'SHA-256 of the codes that stand in for the app, each once; nobody but the owner''s functions reads it.';

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
comment on table leadgen.user_passkeys is 'Public keys of passkeys, by which users sign in without a password.';
comment on column leadgen.user_passkeys.public_key is 'As COSE writes it. Whoever reads it can sign nothing.';
comment on column leadgen.user_passkeys.sign_count is
  'What the device counted last; 0: it does not count. A lower number is that of a copy.';
create index idx_user_passkeys_user on leadgen.user_passkeys (user_id);
create or replace trigger keep_secrets before insert or update on leadgen.user_passkeys
  for each row execute function kernel.keep_secrets();

create table leadgen.user_bindings (
  id bigint generated always as identity primary key,
  created_at timestamptz not null,
  user_id bigint not null references leadgen.users (id) on delete cascade,
  issuer varchar(500) not null,
  subject varchar(255) not null,
  used_at timestamptz,

  constraint user_bindings_subject_unique unique (issuer, subject),
  constraint user_bindings_user_unique unique (user_id, issuer),
  constraint user_bindings_issuer_not_blank check (issuer ~ E'\\S'),
  constraint user_bindings_subject_not_blank check (subject ~ E'\\S')
);
comment on table leadgen.user_bindings is
  'Which account at an identity provider (OpenID Connect) is which user: it signs in by it, whatever e-mail address the account has.';
comment on column leadgen.user_bindings.issuer is 'The identity provider, as its tokens name it.';
comment on column leadgen.user_bindings.subject is 'The account, as it names it for ever.';
comment on column leadgen.user_bindings.used_at is 'When the user signed in by it last.';
create or replace trigger keep_secrets before insert or update on leadgen.user_bindings
  for each row execute function kernel.keep_secrets();

create table leadgen.user_challenges (
  challenge_hash text primary key,
  created_at timestamptz not null,
  user_id bigint references leadgen.users (id) on delete cascade,

  constraint user_challenges_hash_shape check (challenge_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.user_challenges is
  'SHA-256 of challenges that a passkey has still to sign, each once, within five minutes; and of states of browsers that '
  'are at the identity provider, each once, within ten.';
comment on column leadgen.user_challenges.user_id is 'To whom a passkey is added; null: somebody signs in.';
create index idx_user_challenges_created_at on leadgen.user_challenges (created_at);
create index idx_user_challenges_user on leadgen.user_challenges (user_id) where user_id is not null;

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
  proved_at timestamptz,

  constraint user_sessions_token_hash_unique unique (token_hash),
  constraint user_sessions_token_hash_shape check (token_hash ~ '^[0-9a-f]{64}$'),
  constraint user_sessions_end_has_reason check ((ended_at is null) = (ended_because is null))
);
comment on table leadgen.user_sessions is
  'Where users are, and were, signed in. A chore deletes those that ended 90 days ago.';
comment on column leadgen.user_sessions.token_hash is
  'SHA-256 of the token of 256 random bits, in hex; the token itself is stored nowhere.';
comment on column leadgen.user_sessions.seen_at is 'When it was used last, to the minute: most requests write nothing.';
comment on column leadgen.user_sessions.expires_at is 'When it ends, however much it is used.';
comment on column leadgen.user_sessions.network is 'Whose the address is: itself, or its /64 in IPv6.';
comment on column leadgen.user_sessions.ended_because is
  'signed_out, revoked, rotated (the same browser signed in anew), password (it was changed), status (the user''s changed, or its role).';
comment on column leadgen.user_sessions.proved_at is
  'When the identity provider asked the user last who it is; null: as the session began. By it a session counts as a new one.';
create index idx_user_sessions_user on leadgen.user_sessions (user_id, network);

create table leadgen.user_devices (
  user_id bigint not null references leadgen.users (id) on delete cascade,
  device_hash text not null,
  seen_at timestamptz not null,

  primary key (user_id, device_hash),
  constraint user_devices_hash_shape check (device_hash ~ '^[0-9a-f]{64}$')
);
comment on table leadgen.user_devices is
  'SHA-256 of a cookie in each browser that has signed in: it is not slowed down by what others try.';

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
comment on table leadgen.user_tokens is
  'Tokens of links in e-mails, each used once: verify (an address), invite and reset (set a password).';
comment on column leadgen.user_tokens.token_hash is 'SHA-256 of the token, in hex; a worker makes the token as it sends it.';
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

  constraint user_mails_kind_known check (kind in (
    'verify', 'invite', 'reset', 'exists', 'invited_elsewhere', 'approved', 'password_changed', 'passkey_added',
    'passkey_removed', 'app_added', 'app_removed', 'key_added', 'key_removed', 'buyer_key_added', 'buyer_key_removed',
    'keys_left'))
);
comment on table leadgen.user_mails is
  'E-mails to users that are due or were sent. It holds neither an address nor a token: both are put in as a worker claims it.';
comment on column leadgen.user_mails.kind is
  'verify, invite, reset: with a link. exists, invited_elsewhere: somebody signed up with an address that has a user, or was invited by it. The others are for information: keys_left says that a user was stopped who had made keys of the buyer.';
comment on column leadgen.user_mails.due_at is 'When a worker may claim it; null: sent, or given up.';
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
comment on table leadgen.sign_in_attempts is
  'Sign-ins that began, and how they ended. A chore deletes them after 90 days.';
comment on column leadgen.sign_in_attempts.user_id is 'Null: nobody has the address.';
comment on column leadgen.sign_in_attempts.subjects is 'The rows of sign_in_tries that it is counted in.';
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
comment on table leadgen.sign_in_tries is
  'Failed sign-ins of one kind and subject, and until when the next has to wait. An hour without one forgets them.';
comment on column leadgen.sign_in_tries.subject is
  'SHA-256 of the kind and what it is about: no address can be read from it.';
comment on column leadgen.sign_in_tries.kind is
  'device: an account in a browser that it has signed in with; pair: an account from one network; account: from all networks; '
  'network: all accounts from one network; mail: sign-ups and e-mails that one network asks for.';

create table leadgen.notice_choices (
  buyer_id bigint not null references leadgen.buyers (id) on delete cascade,
  topic text not null,
  updated_at timestamptz,
  is_wanted boolean not null default true,
  user_id bigint references leadgen.users (id) on delete set null,

  constraint notice_choices_pkey primary key (buyer_id, topic),
  constraint notice_choices_topic_known check (topic in ('money', 'invoices', 'deliveries'))
);
comment on table leadgen.notice_choices is
  'What a buyer chose of the notices that it gets by e-mail; no row: all of a topic, to buyers.email. buyers.notice_emails '
  'switches all of them off.';
comment on column leadgen.notice_choices.topic is 'What notices are about: outbox.name_topic.';
comment on column leadgen.notice_choices.user_id is
  'To whose address they go while this user is active and of the buyer; null: to buyers.email.';
create index idx_notice_choices_user on leadgen.notice_choices (user_id) where user_id is not null;

create or replace trigger touch_updated_at before update on leadgen.notice_choices
  for each row execute function kernel.touch_updated_at();
