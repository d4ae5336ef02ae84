-- Keys that people make for themselves: a user for its programs, an owner of a buyer for the buyer.

create or replace function identity.check_reader(p_hash text)
returns void
language plpgsql
volatile
as $$
begin
  if exists (select from leadgen.user_sessions s where s.token_hash = p_hash) then
    perform identity.open_session(p_hash);
  else
    perform identity.open_key(p_hash);
  end if;
end;
$$;
comment on function identity.check_reader(text) is 'The work of leadgen.check_reader.';

create or replace function identity.list_owned_keys(p_user leadgen.users)
returns setof leadgen.api_keys
language plpgsql
stable
as $$
-- A join by `union all`: each side is a probe by key.
begin
  return query
  select k.* from leadgen.api_keys k where k.user_id = p_user.id
  union all
  select k.* from leadgen.api_keys k where p_user.member_kind = 'owner' and k.buyer_id = p_user.buyer_id;
end;
$$;
comment on function identity.list_owned_keys(leadgen.users) is
  'The keys that a user may see, replace and revoke: its own, and those of the buyer that it is an owner of.';

create or replace function identity.check_owns_key(p_user leadgen.users, p_key_id bigint)
returns void
language plpgsql
stable
as $$
begin
  if not exists (select from identity.list_owned_keys(p_user) k where k.id = p_key_id) then
    perform kernel.refuse('LG404', 'There is no such key', 'key_id', p_key_id::text, 'the id of one of your keys');
  end if;
end;
$$;
comment on function identity.check_owns_key(leadgen.users, bigint) is
  'Raises LG404 for a key that is not the user''s: whose it is, and whether there is one, is not said.';

create or replace function identity.list_own_keys(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  return coalesce((
    select jsonb_agg(identity.describe_key(k) order by k.id desc)
    from identity.list_owned_keys(v_open.holder) k), '[]');
end;
$$;
comment on function identity.list_own_keys(text) is 'The work of leadgen.list_own_keys.';

create or replace function identity.create_own_key(
  p_token_hash text,
  p_kind text,
  p_name text,
  p_scopes text[],
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
  v_user leadgen.users;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  v_user := v_open.holder;
  perform identity.check_fresh(v_open.session);
  if (p_kind = 'user' or (p_kind = 'buyer' and v_user.member_kind = 'owner')) is not true then
    perform kernel.refuse('LG400', 'You cannot make a key of this kind', 'kind', coalesce(left(p_kind, 30), 'null'),
      case v_user.member_kind when 'owner' then 'user, buyer' else 'user' end);
  end if;
  return identity.create_key(
    p_kind, case p_kind when 'user' then v_user.id else v_user.buyer_id end, p_name, p_scopes, p_expires_at, p_prefix,
    p_key_hash, v_user.id);
end;
$$;
comment on function identity.create_own_key(text, text, text, text[], timestamptz, text, text) is
  'The work of leadgen.create_own_key.';

create or replace function identity.rotate_own_key(
  p_token_hash text,
  p_key_id bigint,
  p_overlap interval,
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_fresh(v_open.session);
  perform identity.check_owns_key(v_open.holder, p_key_id);
  return identity.rotate_key(p_key_id, p_overlap, p_expires_at, p_prefix, p_key_hash, (v_open.holder).id);
end;
$$;
comment on function identity.rotate_own_key(text, bigint, interval, timestamptz, text, text) is
  'The work of leadgen.rotate_own_key.';

create or replace function identity.revoke_own_key(p_token_hash text, p_key_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- Whoever fears that a key is known must not have to sign in again first.
declare
  v_open record;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_owns_key(v_open.holder, p_key_id);
  return identity.revoke_key(p_key_id);
end;
$$;
comment on function identity.revoke_own_key(text, bigint) is 'The work of leadgen.revoke_own_key.';
