-- Text and times as people send them.

create or replace function ref.collapse_space(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(btrim(regexp_replace(
    case when octet_length(p_text) > length(p_text)
      then regexp_replace(p_text, E'[\\u00ad\\u180e\\u200b\\u2060\\ufeff]+', '', 'g') else p_text end,
    E'[\\s[:cntrl:]\\u00a0\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+', ' ', 'g')), '');
$$;
comment on function ref.collapse_space(text) is
  'Trimmed, without soft hyphens and zero-width spaces, and with every run of white space (Unicode''s included) or '
  'control characters as one blank; nothing left: null. Joiners and directions, which scripts need, stay.';

create or replace function ref.fold_words(p_text text)
returns text
language plpgsql
immutable parallel safe
as $$
-- What looks the same is the same: composed and decomposed letters, full width, marks that nobody sees.
declare
  v_text text := p_text;
begin
  if octet_length(p_text) > length(p_text) then
    v_text := normalize(regexp_replace(p_text,
      E'[\\u00ad\\u034f\\u061c\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f'
      '\\ufe00-\\ufe0f\\ufeff]+', '', 'g'), nfkc);
  end if;
  return btrim(regexp_replace(lower(v_text), '[^[:alnum:]]+', ' ', 'g'));
end;
$$;
comment on function ref.fold_words(text) is
  'The words of a text as they are compared: lower case, one blank between words, no punctuation, no invisible marks, '
  'compatible characters as one (NFKC).';

create or replace function ref.read_timestamp(p_text text, p_field text)
returns timestamptz
language plpgsql
stable strict
as $$
declare
  c_allowed constant text := 'an ISO 8601 time with a zone, e.g. 2026-11-21T10:15:00Z';
begin
  if p_text !~ E'^\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d(:?\\d\\d)?)$' then
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
