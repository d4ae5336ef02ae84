-- Sign-in by an identity provider (OpenID Connect): which account there is which user, and when a session's user proved
-- who it is.
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

alter table leadgen.user_bindings enable row level security;
alter table leadgen.user_bindings force row level security;
create policy staff on leadgen.user_bindings to leadgen_owner, leadgen_dba using (true);

alter table leadgen.user_sessions add column proved_at timestamptz;
