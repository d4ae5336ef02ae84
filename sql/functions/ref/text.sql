-- Text and times as people send them.

create or replace function ref.collapse_space(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(btrim(regexp_replace(p_text,
    '[\s[:cntrl:]\u00a0\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]+', ' ', 'g')), '');
$$;
comment on function ref.collapse_space(text) is
  'Trimmed, with every run of white space (Unicode''s included) or control characters as one blank; nothing left: '
  'null.';

create or replace function ref.read_timestamp(p_text text, p_field text)
returns timestamptz
language plpgsql
stable strict
as $$
declare
  c_allowed constant text := 'an ISO 8601 time with a zone, e.g. 2026-11-21T10:15:00Z';
begin
  if p_text !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    perform kernel.refuse('LG400', p_field || ' is not a time', p_field, 'text of another form', c_allowed);
  end if;
  return p_text::timestamptz;
exception
  when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    perform kernel.refuse('LG400', p_field || ' is not a time', p_field, 'a time that does not exist', c_allowed);
    return null;
end;
$$;
comment on function ref.read_timestamp(text, text) is 'A time out of a payload; LG400 names the field when it is none.';
