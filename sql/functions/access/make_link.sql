create or replace function leadgen.make_link(p_kind text, p_id bigint)
returns text
language plpgsql
stable
as $$
-- What the signature covers names the kind, so no link becomes one of another kind. It has no end of its own: the sale's
-- windows decide.
declare
  v_claim bytea;
begin
  if p_kind in ('accept', 'return', 'unsubscribe') is not true or p_id is null then
    perform leadgen.refuse('LG400', 'Not a kind of link', 'kind', 'something else', 'accept, return, unsubscribe');
  end if;
  v_claim := convert_to(p_kind || ':' || p_id, 'UTF8');
  return rtrim(translate(replace(encode(
    (select leadgen.compute_hmac(s.secret, v_claim) from leadgen.link_secrets s) || v_claim, 'base64'), E'\n', ''), '+/', '-_'), '=');
end;
$$;
comment on function leadgen.make_link(text, bigint) is
  'The token of a link by which a buyer answers without signing in: accept or return (a sale), unsubscribe (a buyer); base64url of an HMAC-SHA-256 and what it signs.';
