create or replace function leadgen.check_signature(p_body bytea, p_secret text, p_signature text)
returns boolean
language plpgsql
immutable
as $$
-- Digests of the signatures are compared, so how long that takes says nothing about the right one.
begin
  return coalesce(
    sha256(convert_to(lower(p_signature), 'UTF8'))
      = sha256(convert_to('sha256=' || encode(leadgen.compute_hmac(convert_to(p_secret, 'UTF8'), p_body), 'hex'), 'UTF8')),
    false);
end;
$$;
comment on function leadgen.check_signature(bytea, text, text) is
  'Whether a body was signed with a secret, as X-Hub-Signature-256 says it: sha256= and the HMAC-SHA-256 of the raw body in hex. False without either.';
