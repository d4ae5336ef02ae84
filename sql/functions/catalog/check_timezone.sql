create or replace function leadgen.check_timezone(p_timezone text, p_path text)
returns void
language plpgsql
stable
as $$
-- Names without a place (posixrules, Factory, localtime, EST) are no zones of a market, or mean another on another machine.
begin
  if p_timezone <> 'UTC' and p_timezone !~ '/' or not exists (select from pg_timezone_names z where z.name = p_timezone) then
    perform leadgen.refuse_value(p_path, p_timezone, 'an IANA zone such as America/Chicago, or UTC');
  end if;
end;
$$;
comment on function leadgen.check_timezone(text, text) is 'Raises LG423 when a zone does not exist or does not name a place.';
