-- Keys: who a program is, and what it may do. See sql/tables/access.sql for their shape.
--
-- Every refusal of a key is one: LG401, No valid API key. Unknown, revoked, expired, another kind, a user who has left:
-- whoever finds an old key does not learn that it once was one. Its owner sees why in `leadgen key list`.

create or replace function identity.list_scopes(p_kind text, p_role text, p_member_kind text)
returns text[]
language plpgsql
immutable
as $$
begin
  return case
    when p_kind = 'source' then '{leads}'
    when p_kind = 'operator' then '{read,money}'
    when p_kind = 'buyer' or (p_role = 'buyer' and p_member_kind = 'owner') then '{read,answer,pay}'
    when p_role = 'buyer' then '{read,answer}'
    when p_role in ('admin', 'finance') then '{read,money}'
    when p_role in ('operator', 'analyst') then '{read}'
    else '{}' end;
end;
$$;
comment on function identity.list_scopes(text, text, text) is
  'What a key of a kind may be allowed at most; of a user''s key, by the user''s role. A user of a source has none.';

create or replace function identity.open_key(
  p_key_hash text,
  out key leadgen.api_keys,
  out holder leadgen.users,
  out scopes text[]
)
language plpgsql
stable
as $$
-- What a user may do less today than when the key was made, the key may not, either.
begin
  select k.* into key
  from leadgen.api_keys k
  where k.key_hash = p_key_hash and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > leadgen.clock());
  if key.kind = 'user' then
    select u.* into holder from leadgen.users u where u.id = key.user_id and u.status = 'active';
  end if;
  if key.id is null or (key.kind = 'user' and holder.id is null) then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  scopes := array(
    select s.scope
    from unnest(identity.list_scopes(key.kind, holder.role, holder.member_kind)) with ordinality s (scope, place)
    where s.scope = any (key.scopes)
    order by s.place);
end;
$$;
comment on function identity.open_key(text) is
  'The key in force with this hash, its user where it is a user''s, and what it may do now; LG401 when there is none.';

create or replace function identity.check_scope(p_scopes text[], p_scope text, p_whose text, p_remedy text)
returns void
language plpgsql
immutable
as $$
begin
  if p_scope <> all (p_scopes) then
    perform kernel.refuse('LG403', format('The key of %s does not allow this', p_whose), 'scopes',
      coalesce(nullif(array_to_string(p_scopes, ', '), ''), 'none'), format('a key with scope %s', p_scope), p_remedy);
  end if;
end;
$$;
comment on function identity.check_scope(text[], text, text, text) is
  'Raises LG403 unless the scopes of a key have the one that is needed.';

create or replace function identity.authenticate_buyer(p_key_hash text, p_scope text)
returns bigint
language plpgsql
stable
as $$
declare
  v_open record;
  v_buyer_id bigint;
begin
  select o.* into v_open from identity.open_key(p_key_hash) o;
  v_buyer_id := coalesce((v_open.key).buyer_id, (v_open.holder).buyer_id);
  if v_buyer_id is null then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  perform identity.check_scope(v_open.scopes, p_scope, format('buyer %s', v_buyer_id),
    format('An owner of the buyer makes one with scope %s; so does `leadgen key create`.', p_scope));
  return v_buyer_id;
end;
$$;
comment on function identity.authenticate_buyer(text, text) is
  'The buyer whose key in force has this hash, its own or that of one of its users. LG401 when there is none, LG403 '
  'when it lacks the scope.';

create or replace function identity.authorize_operator(p_key_hash text, p_scope text)
returns text
language plpgsql
stable
as $$
declare
  v_open record;
  v_name text;
begin
  select o.* into v_open from identity.open_key(p_key_hash) o;
  v_name := case
    when (v_open.key).kind = 'operator' then (v_open.key).name
    when (v_open.holder).role in ('admin', 'operator', 'analyst', 'finance') then format('user %s', (v_open.holder).id)
    end;
  if v_name is null then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  perform identity.check_scope(v_open.scopes, p_scope,
    case (v_open.key).kind when 'operator' then 'operator ' else '' end || v_name,
    format('leadgen key create --operator NAME --scope %s makes one.', p_scope));
  return v_name;
end;
$$;
comment on function identity.authorize_operator(text, text) is
  'The name of the operator whose key in force has this hash, or "user" and the id of a user who is one. LG401 when '
  'there is none, LG403 when it lacks the scope.';

create or replace function identity.find_posting_key(p_source_key text)
returns text
language sql
stable
as $$
-- Of sources alone: with the hash of another key one could call as a buyer or a user.
  select k.key_hash
  from leadgen.sources s
  join leadgen.api_keys k on k.source_id = s.id
  where s.source_key = p_source_key and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > leadgen.clock())
  order by k.id
  limit 1;
$$;
comment on function identity.find_posting_key(text) is 'The work of leadgen.find_posting_key.';

create or replace function identity.note_key_uses(p_key_hashes text[], p_used_at timestamptz[])
returns integer
language plpgsql
volatile
as $$
-- Several processes of the API say it of one key. A row that somebody holds is left: the next minute says it again.
declare
  v_count integer;
begin
  with used as (
    select u.key_hash, max(least(u.used_at, leadgen.clock())) as used_at
    from unnest(p_key_hashes, p_used_at) u (key_hash, used_at)
    group by u.key_hash
  ),
  due as (
    select k.id, u.used_at
    from used u
    join leadgen.api_keys k on k.key_hash = u.key_hash
    where k.last_used_at is null or k.last_used_at <= u.used_at - interval '1 minute'
    order by k.id
    for no key update of k skip locked
  )
  update leadgen.api_keys k set last_used_at = d.used_at from due d where k.id = d.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function identity.note_key_uses(text[], timestamptz[]) is 'The work of leadgen.note_key_uses.';

create or replace function identity.follow_source_key()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The catalogue may bring a source's key along. What counts is its row of api_keys, which has no end.
begin
  if tg_op = 'UPDATE' and old.api_key_hash is distinct from new.api_key_hash then
    update leadgen.api_keys k set revoked_at = leadgen.clock()
    where k.key_hash = old.api_key_hash and k.revoked_at is null;
  end if;
  if new.api_key_hash is not null and (tg_op = 'INSERT' or old.api_key_hash is distinct from new.api_key_hash) then
    insert into leadgen.api_keys (created_at, kind, source_id, name, key_hash, scopes)
    values (leadgen.clock(), 'source', new.id, 'of the catalogue', new.api_key_hash, '{leads}')
    on conflict (key_hash) do update set revoked_at = null, expires_at = null
    where api_keys.source_id = excluded.source_id;
    if not found then
      perform kernel.refuse_value('api_key_hash', 'the hash of another owner''s key', 'the hash of a key of its own');
    end if;
  end if;
  return new;
end;
$$;
comment on function identity.follow_source_key() is
  'Trigger: sources.api_key_hash is a key of the source; when it is changed or removed there, the old one is revoked.';
