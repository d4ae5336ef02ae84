-- Readers: who may read the feed, by a key or by a session.

create or replace function identity.open_reader(p_hash text, out buyer_id bigint, out is_operator boolean)
language plpgsql
volatile
as $$
-- A session reads what its user's key could with scope read. A source's key, and a user without a buyer who is no
-- operator, are refused like one that does not exist. To read the feed is nobody's act: it keeps no session alive.
declare
  v_open record;
  v_user leadgen.users;
begin
  if exists (select from leadgen.api_keys k where k.key_hash = p_hash) then
    select o.* into v_open from identity.open_key(p_hash) o;
    v_user := v_open.holder;
    buyer_id := coalesce((v_open.key).buyer_id, v_user.buyer_id);
    is_operator := (v_open.key).kind = 'operator'
      or coalesce(v_user.role <> 'buyer' and v_user.source_id is null, false);
    if buyer_id is not null or is_operator then
      perform identity.check_scope(v_open.scopes, 'read', case when is_operator then 'the operator'
        else format('buyer %s', buyer_id) end, 'leadgen key create makes one with scope read.');
    end if;
  else
    perform set_config('leadgen.unattended', 'on', true);
    v_user := (identity.open_session(p_hash)).holder;
    perform set_config('leadgen.unattended', '', true);
    buyer_id := v_user.buyer_id;
    is_operator := 'read' = any (identity.list_scopes('user', v_user.role::text, v_user.member_kind::text))
      and buyer_id is null;
  end if;
  if buyer_id is null and not is_operator then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
end;
$$;
comment on function identity.open_reader(text) is
  'Who reads by a key with scope read, or by a session, that has this hash: a buyer, or an operator. LG401, LG403.';

create or replace function identity.find_feed_reader(p_hash text)
returns text
language plpgsql
volatile
as $$
declare
  v_reader constant record := identity.open_reader(p_hash);
begin
  return case when v_reader.is_operator then 'operator' else format('buyer %s', v_reader.buyer_id) end;
end;
$$;
comment on function identity.find_feed_reader(text) is 'The work of leadgen.find_feed_reader.';

create or replace function identity.act_as_reader(p_hash text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_buyer_id constant bigint := (identity.open_reader(p_hash)).buyer_id;
begin
  if v_buyer_id is null then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  return identity.act_as('buyer', v_buyer_id);
end;
$$;
comment on function identity.act_as_reader(text) is
  'From here to its end the transaction acts for the buyer whose key or session this is; for functions of '
  'leadgen_reader.';
