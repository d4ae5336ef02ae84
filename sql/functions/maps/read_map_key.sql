create or replace function leadgen.read_map_key(p_map jsonb, p_lead jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_id constant jsonb := leadgen.read_map_value(p_lead, p_map -> 'idempotency_key' -> 'path');
  v_key constant text := coalesce(p_map -> 'idempotency_key' ->> 'prefix', '') || btrim(v_id #>> '{}');
begin
  if jsonb_typeof(v_id) not in ('string', 'number') then
    return null;
  end if;
  if length(v_key) > 128 or v_key ~ '[[:cntrl:]]' or starts_with(v_key, 'auto:') then
    return 'sha256:' || encode(sha256(convert_to(v_key, 'UTF8')), 'hex');
  end if;
  return v_key;
end;
$$;
comment on function leadgen.read_map_key(jsonb, jsonb) is
  'The idempotency key of a lead, from the id that its network gave it; null: it gave none, or one that is neither text nor number. An id that is no acceptable key is hashed.';
