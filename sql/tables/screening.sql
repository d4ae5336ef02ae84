-- Screening: whom we may not contact, and which domains take mail.
--
-- No table here holds a person: a suppressed contact is kept as the hash of its normalised value, enough to recognise
-- it again. A list is of everybody, of a buyer, or of a vertical, and is made of parts. Mail domains are a cache of the
-- resolver's answers, filled before a lead's transaction, never inside it.

create table leadgen.suppression_lists (
  id integer generated always as identity primary key,
  name text not null,
  buyer_id bigint references leadgen.buyers (id) on delete restrict,
  vertical_id bigint references leadgen.verticals (id) on delete restrict,
  created_at timestamptz not null default current_timestamp,

  constraint suppression_lists_name_unique unique (name),
  constraint suppression_lists_name_is_short check (name ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$')
);
comment on table leadgen.suppression_lists is
  'Lists of contacts, by name. The list global, id 0, is always there.';
comment on column leadgen.suppression_lists.buyer_id is
  'The buyer who is not sold a lead of a contact on it; null: nobody is, the lead is rejected.';
comment on column leadgen.suppression_lists.vertical_id is 'The vertical whose leads it is about; null: all.';

create table leadgen.suppression_parts (
  id integer generated always as identity primary key,
  list_id integer not null,
  status text not null default 'loading',
  kind text,
  country_code text,
  expires_at timestamptz,
  replaces boolean not null default false,
  file_digest bytea,
  lines bigint not null default 0,
  contacts bigint not null default 0,
  refused bigint not null default 0,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,
  live_at timestamptz,
  swept_to bytea,

  constraint suppression_parts_status_valid check (status in ('loading', 'live', 'dropped')),
  constraint suppression_parts_kind_valid check (kind in ('phone', 'email', 'email_domain'))
);
comment on table leadgen.suppression_parts is
  'What a list is made of: one part by hand, and one for each imported file. A contact counts while its part is live, '
  'so a file counts as a whole from one moment on, and a list is replaced or dropped at one moment.';
comment on column leadgen.suppression_parts.kind is 'The kind of contacts in the file; null: by hand.';
comment on column leadgen.suppression_parts.expires_at is 'From then on its contacts are not suppressed any more.';
comment on column leadgen.suppression_parts.replaces is 'Whether it takes the place of what files put on the list before.';
comment on column leadgen.suppression_parts.file_digest is
  'SHA-256 of the file, by which an import that was cut off goes on; null: by hand.';
comment on column leadgen.suppression_parts.lines is 'How many lines of the file were taken in.';
comment on column leadgen.suppression_parts.contacts is 'How many of them are contacts that the part did not have.';
comment on column leadgen.suppression_parts.refused is 'How many of them are no contact.';
comment on column leadgen.suppression_parts.swept_to is
  'Of a dropped part: up to which hash its contacts are deleted; null: none yet.';
create index idx_suppression_parts_list on leadgen.suppression_parts (list_id);

create table leadgen.suppressions (
  kind text not null,
  value_hash bytea not null,
  created_at timestamptz not null default current_timestamp,
  created_by text not null default session_user,
  expires_at timestamptz,
  reason text,
  part_id integer not null default 0,

  constraint suppressions_pkey primary key (value_hash, part_id),
  constraint suppressions_kind_valid check (kind in ('phone', 'email', 'email_domain')),
  constraint suppressions_hash_is_sha256 check (length(value_hash) = 32)
);
comment on table leadgen.suppressions is
  'Contacts that are on a suppression list; written by leadgen.suppress, leadgen.unsuppress and imports.';
comment on column leadgen.suppressions.value_hash is
  'ref.hash_contact of the phone in E.164, the normalised e-mail or its domain; of a file of hashes the hash that is in '
  'it. It hides the value from a reader of the table, not from one who tries every number.';
comment on column leadgen.suppressions.expires_at is 'From then on it is not suppressed any more; null: for ever.';
create index idx_suppressions_expires_at on leadgen.suppressions (expires_at) where expires_at is not null;

create table leadgen.mail_domains (
  domain text primary key,
  status text not null,
  checked_at timestamptz not null,

  constraint mail_domains_status_valid check (status in ('has_mail', 'no_mail', 'unknown'))
);
comment on table leadgen.mail_domains is
  'What the resolver said of a domain: a mail server, none, or no answer. Old rows are not believed '
  '(ref.find_mail_status).';
