-- Road: keys are made, replaced and revoked on the console's pages. Whoever makes one has signed in lately.

create or replace function roads.show_keys_for(p_token_hash text, p_kind text, p_state text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.find_keys(p_kind, null, p_state, p_before);
end;
$$;
comment on function roads.show_keys_for(text, text, text, bigint) is 'The work of leadgen.show_keys_for.';

create or replace function roads.name_key_right(p_kind text)
returns text
language plpgsql
immutable
as $$
-- An operator's key books money, and a user's acts for the user: neither is for whoever edits the catalogue.
begin
  return case when p_kind in ('source', 'buyer') then 'configure' else 'manage' end;
end;
$$;
comment on function roads.name_key_right(text) is 'Which right it takes to make, replace or revoke a key of a kind.';

create or replace function roads.give_key_for(
  p_token_hash text,
  p_kind text,
  p_owner_id bigint,
  p_name text,
  p_prefix text,
  p_key_hash text,
  p_reason text,
  p_scopes text[],
  p_expires_at text
)
returns jsonb
language plpgsql
volatile
as $$
-- A user makes its own: whoever made it could act as the user. These are the operator's doing: they stay when the user
-- who made them goes.
begin
  perform identity.admit_afresh(p_token_hash, roads.name_key_right(p_kind), p_reason);
  if (p_kind in ('source', 'buyer', 'operator')) is not true then
    perform kernel.refuse('LG400', 'A key of this kind is not made here', 'kind', coalesce(left(p_kind, 30), 'nothing'),
      'source, buyer, operator', 'A user makes its keys itself, by its account.');
  end if;
  return identity.create_key(p_kind, p_owner_id, p_name, p_scopes,
    kernel.read_moment(nullif(p_expires_at, ''), 'UTC', 'expires_at'), p_prefix, p_key_hash);
end;
$$;
comment on function roads.give_key_for(text, text, bigint, text, text, text, text, text[], text) is
  'The work of leadgen.give_key_for.';

create or replace function roads.admit_to_key(p_token_hash text, p_key_id bigint, p_reason text)
returns text
language plpgsql
volatile
as $$
declare
  v_kind text;
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  select k.kind into v_kind from leadgen.api_keys k where k.id = p_key_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such key', 'key_id', coalesce(p_key_id::text, 'nothing'),
      'the id of a key');
  end if;
  perform identity.admit_user(p_token_hash, roads.name_key_right(v_kind));
  return v_kind;
end;
$$;
comment on function roads.admit_to_key(text, bigint, text) is
  'Admits whoever may replace or revoke a key, with a reason; the kind of the key. LG401, LG403, LG404.';

create or replace function roads.rotate_key_for(
  p_token_hash text,
  p_key_id bigint,
  p_kind text,
  p_overlap_days integer,
  p_prefix text,
  p_key_hash text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_kind constant text := roads.admit_to_key(p_token_hash, p_key_id, p_reason);
begin
  perform identity.check_fresh((identity.open_session(p_token_hash)).session);
  if v_kind = 'user' then
    perform kernel.refuse('LG400', 'A key of a user is not replaced here', 'kind', 'user', 'source, buyer, operator',
      'The user replaces it, or you revoke it.');
  elsif p_kind is distinct from v_kind then
    perform kernel.refuse('LG400', 'The new key is of another kind', 'kind', coalesce(left(p_kind, 30), 'nothing'),
      v_kind);
  elsif (p_overlap_days between 0 and 90) is not true then
    perform kernel.refuse('LG400', 'The old key cannot live on for so long', 'overlap_days',
      coalesce(p_overlap_days::text, 'nothing'), '0 to 90 days');
  end if;
  return identity.rotate_key(p_key_id, make_interval(days => p_overlap_days), null, p_prefix, p_key_hash);
end;
$$;
comment on function roads.rotate_key_for(text, bigint, text, integer, text, text, text) is
  'The work of leadgen.rotate_key_for.';

create or replace function roads.take_key_for(p_token_hash text, p_key_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
begin
  perform roads.admit_to_key(p_token_hash, p_key_id, p_reason);
  return identity.revoke_key(p_key_id);
end;
$$;
comment on function roads.take_key_for(text, bigint, text) is 'The work of leadgen.take_key_for.';
