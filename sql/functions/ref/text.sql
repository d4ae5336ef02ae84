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

create or replace function ref.read_lines(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select case
    when p_text ~ E'[\\n\\r\\u000b\\u000c\\u0085\\u2028\\u2029]' then ref.collapse_lines(p_text)
    else ref.collapse_space(p_text)
  end;
$$;
comment on function ref.read_lines(text) is
  'A text of one or several lines: each as collapse_space leaves it, ended by LF, with at most one empty line between '
  'two; nothing left: null.';

create or replace function ref.collapse_lines(p_text text)
returns text
language plpgsql
immutable strict parallel safe
as $$
declare
  v_lines constant text := regexp_replace(p_text, E'\\r\\n|[\\r\\u000b\\u000c\\u0085\\u2028\\u2029]', E'\n', 'g');
begin
  return nullif(btrim(regexp_replace((
    select string_agg(coalesce(ref.collapse_space(l.line), ''), E'\n' order by l.place)
    from string_to_table(v_lines, E'\n') with ordinality as l (line, place)), E'\n{3,}', E'\n\n', 'g'), E'\n'), '');
end;
$$;
comment on function ref.collapse_lines(text) is 'The work of ref.read_lines for a text that has several lines.';

create or replace function ref.list_invisible()
returns text
language sql
immutable parallel safe
as $$
  select E'\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f'
    || E'\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8'
    || E'\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff';
$$;
comment on function ref.list_invisible() is
  'The characters that nobody sees, as the inside of a bracket expression: zero-width, directions, soft hyphen, '
  'variation selectors, fillers, tags. Source: Default_Ignorable_Code_Point in Unicode''s DerivedCoreProperties.txt.';

create or replace function ref.strip_invisible(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select regexp_replace(p_text, '[' || ref.list_invisible() || ']+', '', 'g');
$$;
comment on function ref.strip_invisible(text) is 'A text without the characters that nobody sees (ref.list_invisible).';

create or replace function ref.fold_marks(p_text text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- Dashes and quotes before NFKC, which makes some of them others. To normalise a text takes time by the square of its
-- length; one of more than 1,000 characters is too long for any field that is read so.
declare
  c_dashes constant text := E'\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d';
  c_quotes constant text := E'\u2018\u2019\u201a\u201b\u2032\u02bc\uff07';
  c_digits constant text := E'\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669'
    '\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9';
  v_text text := p_text;
begin
  if octet_length(p_text) = length(p_text) then
    return p_text;
  end if;
  v_text := translate(ref.strip_invisible(p_text), c_dashes || c_quotes || c_digits || E'\u201c\u201d\u201e\u201f',
    repeat('-', length(c_dashes)) || repeat(E'\'', length(c_quotes)) || '01234567890123456789' || repeat('"', 4));
  return case when length(v_text) > 1000 then v_text else normalize(v_text, nfkc) end;
end;
$$;
comment on function ref.fold_marks(text) is
  'A text as a machine reads it: without invisible characters, with plain dashes, quotes and digits, and full-width '
  'and other compatible letters as the common ones (NFKC), unless it has more than 1,000 characters. Accents stay.';

create or replace function ref.read_code(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select ref.collapse_space(ref.fold_marks(p_text));
$$;
comment on function ref.read_code(text) is
  'What a machine reads (an address, a number, a code, a city) as a person '
  'sees it: ref.fold_marks, trimmed; nothing left: null.';

create or replace function ref.fold_words(p_text text)
returns text
language plpgsql
immutable parallel safe
as $$
-- What looks the same is the same: composed and decomposed letters, full width, marks that nobody sees. To normalise a
-- text takes time by the square of its length: a long one is taken word by word, and no word has 250 characters.
declare
  v_text text := p_text;
begin
  if octet_length(p_text) > length(p_text) then
    v_text := ref.strip_invisible(p_text);
    v_text := case when length(v_text) <= 1000 then normalize(v_text, nfkc) else (
      select string_agg(
        case when length(w.word) <= 250 then normalize(w.word, nfkc) else w.word end, ' ' order by w.place)
      from regexp_split_to_table(v_text, ' ') with ordinality as w (word, place)
    ) end;
  end if;
  return btrim(regexp_replace(lower(v_text), '[^[:alnum:]]+', ' ', 'g'));
end;
$$;
comment on function ref.fold_words(text) is
  'The words of a text as they are compared: lower case, one blank between words, no punctuation, no invisible marks, '
  'compatible characters as one (NFKC), but for a word of more than 250 characters in a text of more than 1,000.';

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

create or replace function ref.read_ip_address(p_text text)
returns inet
language plpgsql
immutable strict parallel safe
as $$
-- Without an exception block, which is a subtransaction: partners send an address with each lead. Of a list that
-- proxies made (X-Forwarded-For) the first counts.
declare
  c_byte constant text := '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  v_text text := lower(btrim(split_part(ref.read_code(p_text), ',', 1)));
begin
  v_text := coalesce(substring(v_text from E'^\\[([0-9a-f:.]+)\\](?::[0-9]+)?$'), regexp_replace(v_text, '%.*$', ''));
  v_text := regexp_replace(v_text, '^::ffff:(?=[0-9]+[.])', '');
  v_text := regexp_replace(v_text, '^([0-9.]+):[0-9]{1,5}$', E'\\1');
  return case
    when v_text ~ format('^%1$s([.]%1$s){3}$', c_byte)
      or v_text ~ '^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$'
      or v_text ~ '^(([0-9a-f]{1,4}:)*[0-9a-f]{1,4})?::(([0-9a-f]{1,4}:)*[0-9a-f]{1,4})?$'
        and cardinality(regexp_split_to_array(btrim(v_text, ':'), ':+')) <= 7
      then v_text::inet
  end;
end;
$$;
comment on function ref.read_ip_address(text) is
  'An IP address out of a payload, without a port, a zone or the wrapping of IPv4 in IPv6; null when it is none.';
