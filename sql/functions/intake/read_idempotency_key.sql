create or replace function leadgen.read_idempotency_key(p_payload jsonb, p_context jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_key constant text := coalesce(p_context ->> 'idempotency_key', p_payload ->> 'idempotency_key');
begin
  if v_key <> p_payload ->> 'idempotency_key' then
    perform leadgen.refuse('LG400', 'Two different idempotency keys', 'idempotency_key', 'one in the header and another in the body',
      'one key');
  end if;
  if v_key = '' or length(v_key) > 128 or v_key ~ '[[:cntrl:]]' or starts_with(v_key, 'auto:') then
    perform leadgen.refuse('LG400', 'The idempotency key is not acceptable', 'idempotency_key',
      case when v_key = '' then 'an empty text' when length(v_key) > 128 then format('text of %s characters', length(v_key))
        when starts_with(v_key, 'auto:') then 'a key that begins with auto:' else 'control characters' end,
      '1 to 128 characters, none of them control characters, not beginning with auto:');
  end if;
  return v_key;
end;
$$;
comment on function leadgen.read_idempotency_key(jsonb, jsonb) is
  'The client''s key from header or body; null when it sent none; LG400 when it is not acceptable.';
