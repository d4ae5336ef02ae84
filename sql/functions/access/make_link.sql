create or replace function leadgen.make_link(p_kind text, p_id bigint)
returns text
language plpgsql
stable
as $$
-- What the signature covers names the kind, so no link becomes one of another kind. It has no end of its own: the sale's
-- windows decide.
declare
  v_claim bytea;
  v_secret constant bytea := (select s.secret from leadgen.link_secrets s);
begin
  if p_kind in ('accept', 'return', 'unsubscribe') is not true or p_id is null then
    perform leadgen.refuse('LG400', 'Not a kind of link', 'kind', 'something else', 'accept, return, unsubscribe');
  end if;
  if v_secret is null then
    perform leadgen.refuse('LG423', 'There is no secret to sign links with', 'link_secrets', 'no row', 'one row',
      'insert into leadgen.link_secrets default values: a new secret ends all links sent before.');
  end if;
  v_claim := convert_to(p_kind || ':' || p_id, 'UTF8');
  return rtrim(translate(replace(encode(
    leadgen.compute_hmac(v_secret, v_claim) || v_claim, 'base64'), E'\n', ''), '+/', '-_'), '=');
end;
$$;
comment on function leadgen.make_link(text, bigint) is
  'The token of a link by which a buyer answers without signing in: accept or return (a sale), unsubscribe (a buyer); base64url of an HMAC-SHA-256 and what it signs.';
