-- Keys of a user who is put out: its own end, and those that it made for its buyer are told to whoever is left.

create or replace function identity.end_user_keys(p_user_id bigint)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.api_keys k set revoked_at = leadgen.clock() where k.user_id = p_user_id and k.revoked_at is null;
end;
$$;
comment on function identity.end_user_keys(bigint) is 'Revokes every key of a user''s programs.';

create or replace function identity.list_keys_left(p_user_id bigint)
returns setof leadgen.api_keys
language plpgsql
stable
as $$
begin
  return query
  select k.* from leadgen.api_keys k
  where k.made_by = p_user_id and k.kind = 'buyer' and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > leadgen.clock());
end;
$$;
comment on function identity.list_keys_left(bigint) is
  'The keys of its buyer that a user made and that are in force: the user may know them still.';

create or replace function identity.settle_keys_left(p_user leadgen.users, p_revokes boolean)
returns void
language plpgsql
volatile
as $$
-- They are the buyer's, and its programs work by them: they end only where somebody says so.
declare
  v_ids constant bigint[] := array(select k.id from identity.list_keys_left(p_user.id) k order by k.id);
begin
  if cardinality(v_ids) = 0 then
    return;
  elsif p_revokes then
    perform identity.revoke_key(i) from unnest(v_ids) i;
    return;
  end if;
  perform catalog.note_action('keys_left', format('user %s', p_user.id), p_user.buyer_id,
    format('user %s made %s of buyer %s in force: %s. Revoke what the user should not know any more', p_user.id,
      kernel.count_of(cardinality(v_ids), 'key'), p_user.buyer_id, array_to_string(v_ids, ', ')),
    jsonb_build_object('user_id', p_user.id, 'keys', v_ids,
      'owners', identity.tell_owners(p_user.buyer_id, 'keys_left')));
end;
$$;
comment on function identity.settle_keys_left(leadgen.users, boolean) is
  'Tells operators and the remaining owners which keys of the buyer a stopped user made, or revokes them.';
