create or replace function leadgen.check_webhook_host(p_host text, p_allows_local boolean, p_field text)
returns void
language plpgsql
immutable
as $$
-- An address has one spelling here. What a resolver would take for one all the same ends in a number: decimal, octal,
-- hexadecimal, short (127.1). Names of the outside world have a dot; what they resolve to the worker vets.
declare
  c_allowed constant text := 'the name or address of a server on the public internet';
  v_host constant text := lower(p_host);
  v_literal constant text := substring(v_host from '^\[([0-9a-f:.]+)\]$');
  v_address inet;
begin
  begin
    v_address := coalesce(v_literal, substring(v_host from '^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$'))::inet;
  exception
    when invalid_text_representation then
      perform leadgen.refuse_value(p_field, p_host, c_allowed);
  end;
  if v_address is not null then
    if (family(v_address) = 6) = (v_literal is not null)
      and (leadgen.is_public_address(v_address) or (p_allows_local and v_address <<= any ('{127.0.0.0/8,::1/128}'::inet[]))) then
      return;
    end if;
  elsif v_host = 'localhost' and p_allows_local then
    return;
  elsif length(v_host) <= 253
    and v_host ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
    and v_host !~ '(^|\.)([0-9]+|0x[0-9a-f]*)$'
    and v_host !~ '\.(localhost|localdomain|local|internal|intranet|lan|home\.arpa)$' then
    return;
  end if;
  perform leadgen.refuse_value(p_field, coalesce(nullif(p_host, ''), 'no host'), c_allowed);
end;
$$;
comment on function leadgen.check_webhook_host(text, boolean, text) is
  'Raises LG423 unless a host may be a public server by its spelling; on a machine for development it may also be 127.0.0.0/8, [::1] and localhost.';
