create or replace function leadgen.hash_submission(p_payload jsonb)
returns bytea
language sql
immutable
as $$
  select sha256(convert_to((p_payload - 'idempotency_key')::text, 'UTF8'));
$$;
comment on function leadgen.hash_submission(jsonb) is 'SHA-256 of a payload without its idempotency key: two submissions are the same when it is.';
