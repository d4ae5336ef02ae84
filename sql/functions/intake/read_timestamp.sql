create or replace function leadgen.read_timestamp(p_text text, p_field text)
returns timestamptz
language plpgsql
stable strict
as $$
declare
  c_allowed constant text := 'an ISO 8601 time with a zone, e.g. 2026-11-21T10:15:00Z';
begin
  if p_text !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    perform leadgen.refuse('LG400', p_field || ' is not a time', p_field, 'text of another form', c_allowed);
  end if;
  return p_text::timestamptz;
exception
  when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    perform leadgen.refuse('LG400', p_field || ' is not a time', p_field, 'a time that does not exist', c_allowed);
    return null;
end;
$$;
comment on function leadgen.read_timestamp(text, text) is 'A time out of a payload; LG400 names the field when it is none.';
