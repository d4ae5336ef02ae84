-- Webhook addresses.

create or replace function catalog.check_webhook_url(p_url text, p_field text)
returns void
language plpgsql
stable
as $$
-- The first of three looks: what the name resolves to is looked at by a worker soon after (list_endpoint_checks), and
-- the address of every connection when it is made. The error does not repeat what may be a secret: user, path and
-- query.
declare
  v_allows_local constant boolean := (select s.allows_local_webhooks from leadgen.settings s);
  v_part constant text[] := regexp_match(p_url, '^(https?)://([^/?#]*)([/?#].*)?$', 'i');
  v_authority constant text := v_part[2];
  v_port constant text := substring(v_authority from E':([^\\]:]*)$');
begin
  if p_url is null then
    return;
  elsif p_url ~ E'[^\\x21-\\x7e]|\\\\' then
    perform kernel.refuse_value(p_field, 'a space, a backslash or another character that URLs do not have',
      'printable ASCII; an international name as xn--...');
  elsif length(p_url) > 500 then
    perform kernel.refuse_value(p_field, length(p_url) || ' characters', 'at most 500 characters');
  elsif v_part is null then
    perform kernel.refuse_value(p_field, 'text of another form', 'https://host/path');
  elsif lower(v_part[1]) <> 'https' and not v_allows_local then
    perform kernel.refuse_value(p_field, v_part[1], 'https');
  elsif v_authority ~ '@' then
    perform kernel.refuse_value(p_field, 'a user or a password',
      'an address without user and password; see leadgen.set_webhook_header');
  elsif (case when v_port ~ '^[1-9][0-9]{0,4}$' then v_port::integer > 65535 else v_port is not null end) then
    perform kernel.refuse_value(p_field, format('the port "%s"', v_port), 'a port from 1 to 65535, or none');
  end if;
  perform catalog.check_webhook_host(regexp_replace(v_authority, ':[0-9]+$', ''), v_allows_local, p_field);
end;
$$;
comment on function catalog.check_webhook_url(text, text) is
  'Raises LG423 unless webhooks may be sent to a URL: https, no user, a public host in its one spelling. '
  'settings.allows_local_webhooks adds http and this machine.';

create or replace function catalog.check_webhook_host(p_host text, p_allows_local boolean, p_field text)
returns void
language plpgsql
immutable
as $$
-- An address has one spelling here. What a resolver would take for one all the same ends in a number: decimal, octal,
-- hexadecimal, short (127.1). Names of the outside world have a dot; what they resolve to the worker vets.
declare
  c_allowed constant text := 'the name or address of a server on the public internet';
  v_host constant text := lower(p_host);
  v_literal constant text := substring(v_host from E'^\\[([0-9a-f:.]+)\\]$');
  v_address inet;
begin
  begin
    v_address := coalesce(
      v_literal, substring(v_host from E'^(?:(?:0|[1-9]\\d{0,2})\\.){3}(?:0|[1-9]\\d{0,2})$'))::inet;
  exception
    when invalid_text_representation then
      perform kernel.refuse_value(p_field, p_host, c_allowed);
  end;
  if v_address is not null then
    if (family(v_address) = 6) = (v_literal is not null)
      and (catalog.is_public_address(v_address)
        or (p_allows_local and v_address <<= any ('{127.0.0.0/8,::1/128}'::inet[]))) then
      return;
    end if;
  elsif v_host = 'localhost' and p_allows_local then
    return;
  elsif length(v_host) <= 253
    and v_host ~ E'^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
    and v_host !~ E'(^|\\.)([0-9]+|0x[0-9a-f]*)$'
    and v_host !~ E'\\.(localhost|localdomain|local|internal|intranet|lan|home\\.arpa)$' then
    return;
  end if;
  perform kernel.refuse_value(p_field, coalesce(nullif(p_host, ''), 'no host'), c_allowed);
end;
$$;
comment on function catalog.check_webhook_host(text, boolean, text) is
  'Raises LG423 unless a host may be a public server by its spelling; on a machine for development it may also be '
  '127.0.0.0/8, [::1] and localhost.';

create or replace function catalog.is_public_address(p_address inet)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- Of IPv6 only 2000::/3 is handed out; what wraps IPv4 lies outside of it (mapped, NAT64) or is on the list (6to4,
-- Teredo).
begin
  return (family(p_address) = 4 or p_address <<= inet '2000::/3')
    and not p_address <<= any (catalog.list_special_networks());
end;
$$;
comment on function catalog.is_public_address(inet) is 'Whether an address belongs to the public internet.';

create or replace function catalog.list_special_networks()
returns cidr[]
language sql
immutable parallel safe
as $$
-- The IANA special-purpose registries, and the address at which Azure's machines reach its own services.
-- api/leadgen/worker/egress.py has the same list: change both (tests/db/test_egress_lists.py).
  select array[
    '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16/32', '169.254.0.0/16',
    '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16',
    '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
    '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'
  ]::cidr[];
$$;
comment on function catalog.list_special_networks() is
  'Networks that are not the public internet; of IPv6 only those inside 2000::/3.';
