-- Sealing: the keys under which personal data is sealed, wrapped, and what is still to be sealed.
--
-- A data key seals texts with AES-256-GCM; the digest key makes the digests by which sealed contacts are compared. Both
-- are stored wrapped by a key of PII_KEYS, which the database never sees. Programs unwrap them and hand the digest key
-- in with each call.

create table leadgen.data_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  purpose text not null,
  wrapped bytea not null,
  wrapped_by text not null,
  retired_at timestamptz,

  constraint data_keys_purpose_valid check (purpose in ('data', 'digest')),
  constraint data_keys_wrapped_not_empty check (length(wrapped) between 16 and 8192),
  constraint data_keys_wrapped_by_shape check (wrapped_by ~ '^[A-Za-z0-9_.-]{1,64}$'),
  constraint data_keys_digest_never_retires check (purpose = 'data' or retired_at is null)
);
comment on table leadgen.data_keys is
  'Keys that seal personal data, and the one that makes digests of contacts; each wrapped by a key of PII_KEYS.';
comment on column leadgen.data_keys.wrapped_by is 'The id of the key in PII_KEYS that wraps it.';
comment on column leadgen.data_keys.retired_at is
  'Since when nothing more is sealed with it; a worker seals anew what was. Null: in use.';
create unique index data_keys_one_digest on leadgen.data_keys (purpose) where purpose = 'digest';

create table leadgen.sealing_walks (
  kind text primary key,
  started_at timestamptz not null default current_timestamp,
  started_in xid8 not null default pg_current_xact_id(),
  next_id bigint not null default 1,
  last_id bigint,
  unopened bigint[] not null default '{}',

  constraint sealing_walks_kind_valid check (kind in ('seal', 'reseal'))
);
comment on table leadgen.sealing_walks is
  'Walks of workers over all leads. seal: those that were there before sealing was switched on; reseal: those of '
  'retired data keys. A row goes when its walk has ended.';
comment on column leadgen.sealing_walks.started_in is
  'The transaction that started it: the walk begins when no older one can store leads any more.';
comment on column leadgen.sealing_walks.unopened is
  'Leads of the portion under way that nobody can open: it goes on without them.';
comment on column leadgen.sealing_walks.last_id is 'The last lead that it looks at; null: it has not begun.';
