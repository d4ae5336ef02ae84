create or replace function leadgen.check_webhook_url(p_url text, p_field text)
returns void
language plpgsql
stable
as $$
-- The first of three looks: what the name resolves to is looked at by a worker soon after (list_endpoint_checks), and the
-- address of every connection when it is made. The error does not repeat what may be a secret: user, path and query.
declare
  v_allows_local constant boolean := (select s.allows_local_webhooks from leadgen.settings s);
  v_part constant text[] := regexp_match(p_url, '^(https?)://([^/?#]*)([/?#].*)?$', 'i');
  v_authority constant text := v_part[2];
  v_port constant text := substring(v_authority from ':([^\]:]*)$');
begin
  if p_url is null then
    return;
  elsif p_url ~ '[^\x21-\x7e]|\\' then
    perform leadgen.refuse_value(p_field, 'a space, a backslash or another character that URLs do not have',
      'printable ASCII; an international name as xn--...');
  elsif length(p_url) > 500 then
    perform leadgen.refuse_value(p_field, length(p_url) || ' characters', 'at most 500 characters');
  elsif v_part is null then
    perform leadgen.refuse_value(p_field, 'text of another form', 'https://host/path');
  elsif lower(v_part[1]) <> 'https' and not v_allows_local then
    perform leadgen.refuse_value(p_field, v_part[1], 'https');
  elsif v_authority ~ '@' then
    perform leadgen.refuse_value(p_field, 'a user or a password', 'an address without; see webhook_headers');
  elsif (case when v_port ~ '^[1-9][0-9]{0,4}$' then v_port::integer > 65535 else v_port is not null end) then
    perform leadgen.refuse_value(p_field, format('the port "%s"', v_port), 'a port from 1 to 65535, or none');
  end if;
  perform leadgen.check_webhook_host(regexp_replace(v_authority, ':[0-9]+$', ''), v_allows_local, p_field);
end;
$$;
comment on function leadgen.check_webhook_url(text, text) is
  'Raises LG423 unless webhooks may be sent to a URL: https, no user, a public host in its one spelling. settings.allows_local_webhooks adds http and this machine.';
