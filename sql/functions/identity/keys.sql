-- Keys of buyers and operators.

create or replace function identity.authenticate_buyer(p_key_hash text)
returns bigint
language plpgsql
stable
as $$
declare
  v_buyer_id constant bigint := (
    select k.buyer_id from leadgen.buyer_keys k where k.key_hash = p_key_hash and k.revoked_at is null);
begin
  if v_buyer_id is null then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  return v_buyer_id;
end;
$$;
comment on function identity.authenticate_buyer(text) is
  'The buyer whose key in force has this hash; LG401 when there is none.';

create or replace function identity.authenticate_operator(p_key_hash text)
returns void
language plpgsql
stable
as $$
begin
  if not exists (select from leadgen.operator_keys k where k.key_hash = p_key_hash and k.revoked_at is null) then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
end;
$$;
comment on function identity.authenticate_operator(text) is
  'Raises LG401 unless the hash is that of an operator''s key in force.';
