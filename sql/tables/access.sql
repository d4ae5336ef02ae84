-- Access: the API keys of sources, buyers, operators and users, and what signs the links in e-mails.
--
--   lg_<letter>_<prefix>_<secret>   lg_b_k7m2x9qa_w4...: s a source, b a buyer, o an operator, u a user
--              8 letters  32 letters of 32: 160 random bits
--
-- Whoever makes a key hands in its prefix and its SHA-256, so no key is ever in a statement, a log or a dump. A key is in
-- force until it is revoked or expires, and an owner may have several: the old one and the new one while it is replaced.
-- A row is never deleted while its owner is there: it says who could do what, and when.

create table leadgen.api_keys (
  id bigint generated always as identity primary key,
  created_at timestamptz not null default current_timestamp,
  kind text not null,
  source_id bigint references leadgen.sources (id) on delete cascade,
  buyer_id bigint references leadgen.buyers (id) on delete cascade,
  user_id bigint references leadgen.users (id) on delete cascade,
  name varchar(200) not null,
  prefix text,
  key_hash text not null,
  scopes text[] not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  made_by bigint references leadgen.users (id) on delete set null,

  constraint api_keys_key_hash_unique unique (key_hash),
  constraint api_keys_prefix_unique unique (prefix),
  constraint api_keys_kind_known check (kind in ('source', 'buyer', 'operator', 'user')),
  constraint api_keys_owner_fits check (
    (source_id is not null) = (kind = 'source') and (buyer_id is not null) = (kind = 'buyer')
    and (user_id is not null) = (kind = 'user')),
  constraint api_keys_name_shape check (name ~ E'^[^[:cntrl:]]+$' and name ~ E'\\S'),
  constraint api_keys_prefix_shape check (prefix ~ '^[a-z2-9]{8}$'),
  constraint api_keys_key_hash_shape check (key_hash ~ '^[0-9a-f]{64}$'),
  constraint api_keys_scopes_fit check (cardinality(scopes) > 0 and scopes <@ case kind
    when 'source' then '{leads}'::text[]
    when 'buyer' then '{read,answer,pay}'
    when 'operator' then '{read,money}'
    else '{read,answer,pay,money}' end)
) with (fillfactor = 80);
comment on table leadgen.api_keys is
  'API keys in force and those that were: of sources, buyers, operators, and of users for their programs.';
comment on column leadgen.api_keys.kind is 'Whose key it is: source, buyer, operator (named, nobody''s row) or user.';
comment on column leadgen.api_keys.name is 'Of an operator''s key, the operator; of another, what it is for.';
comment on column leadgen.api_keys.prefix is
  'The readable part of the key, by which a log or a page names it. Null: a key of a release before there were any.';
comment on column leadgen.api_keys.key_hash is 'SHA-256 of the key, in hex; the key itself is stored nowhere.';
comment on column leadgen.api_keys.scopes is
  'What the key may do. leads: hand leads in. read: read what is its owner''s; an operator''s reads decisions and money. '
  'answer: accept and return sales. pay: start a deposit. money: book, bill and pay.';
comment on column leadgen.api_keys.expires_at is 'From when it is refused; null: never.';
comment on column leadgen.api_keys.last_used_at is
  'When it was used last, to the minute: the API writes it in blocks. A crash of an API process loses up to a minute.';
comment on column leadgen.api_keys.made_by is
  'The user that made it for itself or its buyer; null: an operator did. A buyer''s key is the buyer''s: it stays when that '
  'user goes.';
create index idx_api_keys_made_by on leadgen.api_keys (made_by) where made_by is not null;
create index idx_api_keys_source on leadgen.api_keys (source_id) where source_id is not null;
create index idx_api_keys_buyer on leadgen.api_keys (buyer_id) where buyer_id is not null;
create index idx_api_keys_user on leadgen.api_keys (user_id) where user_id is not null;
create index idx_api_keys_operator on leadgen.api_keys (name) where kind = 'operator';

create or replace trigger follow_source_key after insert or update of api_key_hash on leadgen.sources
  for each row execute function identity.follow_source_key();

create table leadgen.link_secrets (
  id boolean primary key default true,
  secret bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
  blocks bytea generated always as (
    substr(bit_send(bitxor(('x' || rpad(encode(secret, 'hex'), 128, '0'))::bit(512), ('x' || repeat('36', 64))::bit(512))), 5)
    || substr(bit_send(bitxor(('x' || rpad(encode(secret, 'hex'), 128, '0'))::bit(512), ('x' || repeat('5c', 64))::bit(512))), 5)
  ) stored,

  constraint link_secrets_one_row check (id)
);
comment on table leadgen.link_secrets is
  'Signs the links in e-mails by which buyers answer; nobody but the owner''s functions reads it.';
comment on column leadgen.link_secrets.blocks is 'The secret as kernel.pad_key makes it.';
insert into leadgen.link_secrets default values;
