-- Road: keys of sources and buyers are made and revoked on the console's pages. Whoever makes one has signed in lately.

create or replace function roads.give_key_for(
  p_token_hash text,
  p_kind text,
  p_owner_id bigint,
  p_name text,
  p_prefix text,
  p_key_hash text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
-- An operator's key is the command's to make. These are the operator's doing: they stay when the user goes.
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  perform identity.check_fresh((identity.open_session(p_token_hash)).session);
  if (p_kind in ('source', 'buyer')) is not true then
    perform kernel.refuse('LG400', 'A key of this kind is not made here', 'kind', coalesce(left(p_kind, 30), 'nothing'),
      'source, buyer');
  end if;
  return identity.create_key(p_kind, p_owner_id, p_name, null, null, p_prefix, p_key_hash);
end;
$$;
comment on function roads.give_key_for(text, text, bigint, text, text, text, text) is
  'The work of leadgen.give_key_for.';

create or replace function roads.take_key_for(p_token_hash text, p_key_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  if not exists (select from leadgen.api_keys k where k.id = p_key_id and k.kind in ('source', 'buyer')) then
    perform kernel.refuse('LG404', 'There is no such key', 'key_id', coalesce(p_key_id::text, 'nothing'),
      'the id of a key of a source or a buyer');
  end if;
  return identity.revoke_key(p_key_id);
end;
$$;
comment on function roads.take_key_for(text, bigint, text) is 'The work of leadgen.take_key_for.';
