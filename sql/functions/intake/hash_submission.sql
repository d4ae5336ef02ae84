create or replace function leadgen.hash_submission(p_payload jsonb)
returns bytea
language plpgsql
immutable
as $$
begin
  return sha256(convert_to((p_payload - 'idempotency_key')::text, 'UTF8'));
end;
$$;
comment on function leadgen.hash_submission(jsonb) is 'SHA-256 of a payload without its idempotency key: two submissions are the same when it is.';
