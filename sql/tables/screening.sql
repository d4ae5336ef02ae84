-- Screening: whom we may not contact, and which domains take mail.
--
-- Neither table holds a person: a suppressed contact is kept as the hash of its normalised value, enough to recognise
-- it again. Mail domains are a cache of the resolver's answers, filled before a lead's transaction, never inside it.

create table leadgen.suppressions (
  kind text not null,
  value_hash bytea not null,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,
  expires_at timestamptz,
  reason text,

  primary key (kind, value_hash),
  constraint suppressions_kind_valid check (kind in ('phone', 'email', 'email_domain')),
  constraint suppressions_hash_is_sha256 check (length(value_hash) = 32)
);
comment on table leadgen.suppressions is
  'Contacts that no lead may carry; written by leadgen.suppress and leadgen.unsuppress.';
comment on column leadgen.suppressions.value_hash is
  'privacy.hash_contact of the phone in E.164, the normalised e-mail or its domain. It hides the value from a reader '
  'of the table, not from one who tries every number.';
comment on column leadgen.suppressions.expires_at is 'From then on it is not suppressed any more; null: for ever.';

create table leadgen.mail_domains (
  domain text primary key,
  status text not null,
  checked_at timestamptz not null,

  constraint mail_domains_status_valid check (status in ('has_mail', 'no_mail', 'unknown'))
);
comment on table leadgen.mail_domains is
  'What the resolver said of a domain: a mail server, none, or no answer. Old rows are not believed '
  '(ref.find_mail_status).';
