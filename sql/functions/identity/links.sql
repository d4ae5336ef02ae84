-- Signed links in e-mails, by which a buyer answers without signing in.

create or replace function identity.make_link(p_kind text, p_id bigint)
returns text
language plpgsql
stable
as $$
-- What the signature covers names the kind, so no link becomes one of another kind. It has no end of its own: the
-- sale's windows decide.
declare
  v_claim bytea;
  v_secret constant bytea := (select s.secret from leadgen.link_secrets s);
begin
  if p_kind in ('accept', 'return', 'report', 'unsubscribe') is not true or p_id is null then
    perform kernel.refuse('LG400', 'There is no such kind of link', 'kind', 'another value',
      'accept, return, report, unsubscribe');
  end if;
  if v_secret is null then
    perform kernel.refuse('LG423', 'There is no secret to sign links with', 'link_secrets', 'no row', 'one row',
      'insert into leadgen.link_secrets default values: a new secret ends all links sent before.');
  end if;
  v_claim := convert_to(p_kind || ':' || p_id, 'UTF8');
  return rtrim(translate(replace(encode(
    kernel.compute_hmac(v_secret, v_claim) || v_claim, 'base64'), E'\n', ''), '+/', '-_'), '=');
end;
$$;
comment on function identity.make_link(text, bigint) is
  'The token of a link by which a buyer answers without signing in: accept, return or report (a sale), unsubscribe '
  '(a buyer); base64url of an HMAC-SHA-256 and what it signs.';

create or replace function identity.open_link(p_token text, out kind text, out id bigint)
language plpgsql
stable
as $$
-- The token is made anew from what it says and compared as a whole, so there is one spelling of each link. Digests are
-- compared: how long that takes says nothing about the right one.
declare
  v_padded constant text := translate(p_token, '-_', '+/') || repeat('=', (4 - length(p_token) % 4) % 4);
  v_claim text[];
begin
  if p_token ~ '^[A-Za-z0-9_-]{50,110}$' and length(p_token) % 4 <> 1 then
    v_claim := regexp_match(encode(substr(decode(v_padded, 'base64'), 33), 'escape'),
      '^(accept|return|report|unsubscribe):([0-9]{1,18})$');
  end if;
  if v_claim is null
    or sha256(convert_to(p_token, 'UTF8'))
      is distinct from sha256(convert_to(identity.make_link(v_claim[1], v_claim[2]::bigint), 'UTF8')) then
    perform kernel.refuse('LG404', 'There is no such link');
  end if;
  kind := v_claim[1];
  id := v_claim[2];
end;
$$;
comment on function identity.open_link(text) is
  'What a token of identity.make_link is for. Whatever else it is given, LG404.';
