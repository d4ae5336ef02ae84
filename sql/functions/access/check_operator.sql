create or replace function leadgen.check_operator(p_key_hash text)
returns void
language plpgsql
stable
as $$
begin
  if not exists (select from leadgen.operator_keys k where k.key_hash = p_key_hash and k.revoked_at is null) then
    perform leadgen.refuse('LG401', 'No valid API key');
  end if;
end;
$$;
comment on function leadgen.check_operator(text) is 'Raises LG401 unless the hash is that of an operator''s key in force.';
