-- Keys are made, replaced and revoked: by operators for everybody, by people for themselves (own_keys.sql).

create or replace function identity.describe_key(p_key leadgen.api_keys)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'id', p_key.id, 'kind', p_key.kind, 'name', p_key.name, 'prefix', p_key.prefix, 'scopes', p_key.scopes,
    'source_id', p_key.source_id, 'buyer_id', p_key.buyer_id, 'user_id', p_key.user_id,
    'created_at', p_key.created_at, 'expires_at', p_key.expires_at, 'last_used_at', p_key.last_used_at,
    'revoked_at', p_key.revoked_at);
end;
$$;
comment on function identity.describe_key(leadgen.api_keys) is 'A key as its owner sees it: all but its hash.';

create or replace function identity.find_key_scopes(p_kind text, p_owner_id bigint)
returns text[]
language plpgsql
stable
as $$
declare
  v_user leadgen.users;
begin
  if p_kind in ('source', 'buyer', 'operator', 'user') is not true then
    perform kernel.refuse('LG400', 'There is no such kind of key', 'kind', coalesce(left(p_kind, 30), 'null'),
      'source, buyer, operator, user');
  elsif (p_owner_id is null) <> (p_kind = 'operator') then
    perform kernel.refuse('LG400', 'Owner and kind of the key do not go together', 'owner_id',
      coalesce(p_owner_id::text, 'nothing'), 'the id of a source, buyer or user; nothing for an operator');
  end if;
  select u.* into v_user from leadgen.users u where p_kind = 'user' and u.id = p_owner_id and u.status = 'active';
  if p_kind = 'user' and v_user.id is null
    or p_kind = 'source' and not exists (select from leadgen.sources s where s.id = p_owner_id)
    or p_kind = 'buyer' and not exists (select from leadgen.buyers b where b.id = p_owner_id) then
    perform kernel.refuse('LG404', format('There is no such %s', p_kind), 'owner_id', p_owner_id::text,
      case p_kind when 'user' then 'the id of an active user' else format('the id of a %s', p_kind) end);
  end if;
  return identity.list_scopes(p_kind, v_user.role, v_user.member_kind);
end;
$$;
comment on function identity.find_key_scopes(text, bigint) is
  'What a key of this owner may be allowed. LG400 for a kind that there is not, LG404 for an owner.';

create or replace function identity.read_scopes(p_scopes text[], p_allowed text[], p_usual text[])
returns text[]
language plpgsql
immutable
as $$
declare
  v_scopes constant text[] := coalesce(p_scopes, p_usual);
begin
  if (v_scopes <@ p_allowed and cardinality(v_scopes) > 0 and array_position(v_scopes, null) is null) is not true then
    perform kernel.refuse('LG400', 'The key cannot have these scopes', 'scopes',
      coalesce(nullif(left(array_to_string(v_scopes, ', ', 'null'), 100), ''), 'none'),
      coalesce(nullif(array_to_string(p_allowed, ', '), ''), 'none: this user''s role has no key'));
  end if;
  return array(
    select a.scope from unnest(p_allowed) with ordinality a (scope, place)
    where a.scope = any (v_scopes)
    order by a.place);
end;
$$;
comment on function identity.read_scopes(text[], text[], text[]) is
  'Scopes in their order, once each; the usual ones where none are given. LG400 for one that is not allowed.';

create or replace function identity.check_new_key(p_prefix text, p_key_hash text, p_expires_at timestamptz)
returns void
language plpgsql
stable
as $$
-- Prefix and hash are a program's, which made the key; what is odd about them is not repeated.
begin
  if (p_prefix ~ '^[a-z2-9]{8}$' and p_key_hash ~ '^[0-9a-f]{64}$') is not true then
    perform kernel.refuse('LG400', 'The key is not acceptable', 'prefix, key_hash', 'another text',
      'a prefix of 8 letters a to z or digits 2 to 9, and SHA-256 of the key in hex');
  elsif p_expires_at >= '9999-01-01Z' then
    perform kernel.refuse('LG400', 'The key would live too long', 'expires_at', kernel.write_instant(p_expires_at),
      'a moment before the year 9999, or nothing');
  elsif p_expires_at <= leadgen.clock() then
    perform kernel.refuse('LG400', 'The key would have expired before it is used', 'expires_at',
      kernel.write_instant(p_expires_at), 'a moment in the future, or nothing');
  end if;
end;
$$;
comment on function identity.check_new_key(text, text, timestamptz) is
  'Raises LG400 for a prefix, a hash or an end that no key has.';

create or replace function identity.check_key_count(p_key leadgen.api_keys)
returns void
language plpgsql
stable
as $$
declare
  c_most constant integer := 20;
  v_count constant integer := (
    select count(*) from leadgen.api_keys k
    where k.kind = p_key.kind and k.revoked_at is null and (k.expires_at is null or k.expires_at > leadgen.clock())
      and case p_key.kind
        when 'source' then k.source_id = p_key.source_id
        when 'buyer' then k.buyer_id = p_key.buyer_id
        when 'user' then k.user_id = p_key.user_id
        else k.name = p_key.name end);
begin
  if v_count >= c_most then
    perform kernel.refuse('LG409', 'There are too many keys', 'keys', kernel.count_of(v_count, 'key') || ' in force',
      format('%s for each owner', c_most), 'Revoke those that are not used any more.');
  end if;
end;
$$;
comment on function identity.check_key_count(leadgen.api_keys) is
  'Raises LG409 when the owner of a key to be has 20 in force.';

create or replace function identity.add_key(p_key leadgen.api_keys, p_what text)
returns jsonb
language plpgsql
volatile
as $$
begin
  perform identity.check_new_key(p_key.prefix, p_key.key_hash, p_key.expires_at);
  perform identity.check_key_count(p_key);
  insert into leadgen.api_keys as k (
    created_at, kind, source_id, buyer_id, user_id, name, prefix, key_hash, scopes, expires_at, made_by)
  values (
    leadgen.clock(), p_key.kind, p_key.source_id, p_key.buyer_id, p_key.user_id, p_key.name, p_key.prefix,
    p_key.key_hash, p_key.scopes, p_key.expires_at, p_key.made_by)
  on conflict do nothing
  returning k.* into p_key;
  if p_key.id is null then
    perform kernel.refuse('LG409', 'The key is there already', 'prefix, key_hash', 'those of another key',
      'a key that was just made');
  end if;
  perform catalog.note_action('key_made', format('key %s', p_key.id), p_key.buyer_id,
    format('key %s of %s was made%s', p_key.id, identity.name_key_owner(p_key), p_what),
    jsonb_build_object('key_id', p_key.id, 'kind', p_key.kind, 'scopes', p_key.scopes));
  perform identity.tell_of_key(p_key, 'added');
  return identity.describe_key(p_key);
end;
$$;
comment on function identity.add_key(leadgen.api_keys, text) is
  'Keeps a new key, and writes the event; p_what ends its sentence. LG400, LG409.';

create or replace function identity.tell_of_key(p_key leadgen.api_keys, p_what text)
returns void
language plpgsql
volatile
as $$
begin
  case p_key.kind
    when 'user' then perform identity.queue_mail(p_key.user_id, 'key_' || p_what);
    when 'buyer' then perform identity.tell_owners(p_key.buyer_id, 'buyer_key_' || p_what);
    else null;
  end case;
end;
$$;
comment on function identity.tell_of_key(leadgen.api_keys, text) is
  'Writes to the user, or to the owners of the buyer, whose key was added or removed.';

create or replace function identity.name_key_owner(p_key leadgen.api_keys)
returns text
language plpgsql
immutable
as $$
begin
  return case p_key.kind
    when 'operator' then 'operator ' || p_key.name
    else format('%s %s', p_key.kind, coalesce(p_key.source_id, p_key.buyer_id, p_key.user_id)) end;
end;
$$;
comment on function identity.name_key_owner(leadgen.api_keys) is 'Whose key it is, in words: buyer 7, operator ann.';

create or replace function identity.create_key(
  p_kind text,
  p_owner_id bigint,
  p_name text,
  p_scopes text[],
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text,
  p_made_by bigint default null
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_allowed constant text[] := identity.find_key_scopes(p_kind, p_owner_id);
  v_key leadgen.api_keys;
begin
  perform identity.check_text('name', p_name, 200, true);
  v_key.kind := p_kind;
  v_key.source_id := case p_kind when 'source' then p_owner_id end;
  v_key.buyer_id := case p_kind when 'buyer' then p_owner_id end;
  v_key.user_id := case p_kind when 'user' then p_owner_id end;
  v_key.name := btrim(p_name);
  v_key.scopes := identity.read_scopes(p_scopes, v_allowed,
    case when p_kind in ('source', 'buyer') then v_allowed else '{read}' end);
  v_key.expires_at := p_expires_at;
  v_key.prefix := p_prefix;
  v_key.key_hash := p_key_hash;
  v_key.made_by := p_made_by;
  return identity.add_key(v_key, '');
end;
$$;
comment on function identity.create_key(text, bigint, text, text[], timestamptz, text, text, bigint) is
  'The work of leadgen.create_key; p_made_by: the user that makes it, null for an operator.';

create or replace function identity.lock_key(p_key_id bigint)
returns leadgen.api_keys
language plpgsql
volatile
as $$
declare
  v_key leadgen.api_keys;
begin
  select k.* into v_key from leadgen.api_keys k where k.id = p_key_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such key', 'key_id', p_key_id::text, 'the id of a key',
      '`leadgen key list` shows them.');
  end if;
  return v_key;
end;
$$;
comment on function identity.lock_key(bigint) is 'A key, locked; LG404 when there is none.';

create or replace function identity.rotate_key(
  p_key_id bigint,
  p_overlap interval,
  p_expires_at timestamptz,
  p_prefix text,
  p_key_hash text,
  p_made_by bigint default null
)
returns jsonb
language plpgsql
volatile
as $$
-- The new key lives as long as the old one was made for, unless its end is given.
declare
  v_now constant timestamptz := leadgen.clock();
  v_old constant leadgen.api_keys := identity.lock_key(p_key_id);
  v_new leadgen.api_keys := v_old;
begin
  if v_old.revoked_at is not null or v_old.expires_at <= v_now then
    perform kernel.refuse('LG409', format('Key %s is not in force', p_key_id), 'key_id',
      case when v_old.revoked_at is null then 'expired' else 'revoked' end, 'a key in force', 'Make a new one.');
  elsif (p_overlap between interval '0' and interval '90 days') is not true then
    perform kernel.refuse('LG400', 'The old key cannot live on for so long', 'overlap',
      coalesce(p_overlap::text, 'nothing'), '0 to 90 days');
  end if;
  update leadgen.api_keys k set expires_at = least(k.expires_at, v_now + p_overlap) where k.id = v_old.id;
  v_new.prefix := p_prefix;
  v_new.key_hash := p_key_hash;
  v_new.made_by := p_made_by;
  v_new.expires_at := coalesce(p_expires_at, v_now + (v_old.expires_at - v_old.created_at));
  return identity.add_key(v_new, format(' in the place of key %s', v_old.id)) || jsonb_build_object(
    'replaces', identity.describe_key((select k from leadgen.api_keys k where k.id = v_old.id)));
end;
$$;
comment on function identity.rotate_key(bigint, interval, timestamptz, text, text, bigint) is
  'The work of leadgen.rotate_key; p_made_by: the user that makes the new key, null for an operator.';

create or replace function identity.revoke_key(p_key_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- A key that the catalogue brought goes from there, too, or the next edit of the source would find it in force.
declare
  v_key constant leadgen.api_keys := identity.lock_key(p_key_id);
begin
  if v_key.revoked_at is not null then
    return false;
  end if;
  update leadgen.api_keys k set revoked_at = leadgen.clock() where k.id = p_key_id;
  update leadgen.sources s set api_key_hash = null where s.id = v_key.source_id and s.api_key_hash = v_key.key_hash;
  perform catalog.note_action('key_revoked', format('key %s', p_key_id), v_key.buyer_id,
    format('key %s of %s was revoked', p_key_id, identity.name_key_owner(v_key)),
    jsonb_build_object('key_id', p_key_id, 'kind', v_key.kind));
  perform identity.tell_of_key(v_key, 'removed');
  return true;
end;
$$;
comment on function identity.revoke_key(bigint) is 'The work of leadgen.revoke_key.';
