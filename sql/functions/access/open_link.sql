create or replace function leadgen.open_link(p_token text, out kind text, out id bigint)
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
    v_claim := regexp_match(encode(substr(decode(v_padded, 'base64'), 33), 'escape'), '^(accept|return|unsubscribe):([0-9]{1,18})$');
  end if;
  if v_claim is null
    or sha256(convert_to(p_token, 'UTF8')) is distinct from sha256(convert_to(leadgen.make_link(v_claim[1], v_claim[2]::bigint), 'UTF8')) then
    perform leadgen.refuse('LG404', 'There is no such link');
  end if;
  kind := v_claim[1];
  id := v_claim[2];
end;
$$;
comment on function leadgen.open_link(text) is
  'What a token of leadgen.make_link is for. Whatever else it is given, LG404.';
