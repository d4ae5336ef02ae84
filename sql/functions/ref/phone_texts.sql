-- What of a text may be a telephone number, and its extension: letters and signs, without any numbering plan.

create or replace function ref.write_in_ascii(p_text text)
returns text
language plpgsql
immutable parallel safe
as $$
-- c_zeros are the zeros of all scripts; the other nine digits follow each. A hyphen, space or joiner that has no width
-- is dropped.
declare
  c_zeros constant integer[] := '{
    1632, 1776, 1984, 2406, 2534, 2662, 2790, 2918, 3046, 3174, 3302, 3430, 3558, 3664, 3792, 3872, 4160, 4240,
    6112, 6160, 6470, 6608, 6784, 6800, 6992, 7088, 7232, 7248, 42528, 43216, 43264, 43472, 43504, 43600, 44016,
    65296, 66720, 68912, 69734, 69872, 69942, 70096, 70384, 70736, 70864, 71248, 71360, 71472, 71904, 72016,
    72784, 73040, 73120, 92768, 92864, 93008, 120782, 120792, 120802, 120812, 120822, 123200, 123632, 125264,
    130032}';
  v_text text := p_text;
begin
  if octet_length(v_text) > length(v_text) then
    v_text := translate(v_text,
      E'\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u2053\u223c\u00a0\u3000\u00ad\u200b\u2060', '--------~~  ');
  end if;
  if octet_length(v_text) > length(v_text) then
    v_text := (
      select string_agg(case
        when z.zero is not null then chr(c.code - z.zero + 48)
        when c.code between 65281 and 65374 then chr(c.code - 65248)
        else c.letter
      end, '' order by c.place)
      from (
        select l.letter, ascii(l.letter) as code, l.place
        from string_to_table(v_text, null) with ordinality as l (letter, place)) c
      left join unnest(c_zeros) z (zero) on c.code between z.zero and z.zero + 9);
  end if;
  return v_text;
end;
$$;
comment on function ref.write_in_ascii(text) is
  'A text with the digits of all scripts, full-width characters, dashes and spaces written in ASCII.';

create or replace function ref.extract_phone(p_text text)
returns text
language plpgsql
immutable
as $$
-- What comes before the number is no part of it, nor is a second number behind a slash. RFC 3966 writes what a local
-- number is to be read with behind it: tel:555-0123;phone-context=+1512.
declare
  v_text text := lower(ref.write_in_ascii(p_text) collate "C");
  v_context constant text := substring(v_text from ';phone-context=([^;]*)');
begin
  if v_context is null then
    v_text := substring(v_text from '[+0-9].*$');
    v_text := regexp_replace(v_text, '[^0-9a-z#]+$', '');
    v_text := regexp_replace(v_text, E'[\\\\/] *x.*$', '');
  else
    v_text := left(v_text, position(';phone-context=' in v_text) - 1);
    if position('tel:' in v_text) > 0 then
      v_text := substr(v_text, position('tel:' in v_text) + 4);
    end if;
    if v_context ~ E'^\\+[-.()0-9]*[0-9][-.()0-9]*$' then
      v_text := v_context || v_text;
    elsif v_context !~ E'^([a-z0-9]+(-+[a-z0-9]+)*\\.)*[a-z][a-z0-9]*(-+[a-z0-9]+)*\\.?$' then
      return null;
    end if;
  end if;
  return regexp_replace(v_text, '(.);isub=.*$', E'\\1');
end;
$$;
comment on function ref.extract_phone(text) is
  'The part of a text that may be a telephone number with its extension, in small ASCII letters; null: none.';

create or replace function ref.split_phone(p_text text, out digits text, out extension text)
language plpgsql
immutable
as $$
-- A number has three digits before its first letter (an x may stand for an unknown digit), and signs between them.
-- Fewer than three letters are not meant to be dialled.
declare
  c_number constant text := E'^([0-9]{2}|\\+*([-x ()[\\]./~*]*[0-9]){3}[-a-z0-9 ()[\\]./~*]*)$';
  c_extension constant text := E'(?:;ext=[0-9]{1,20}'
    || E'|[ \t,]*(?:e?xt(?:ensi(?:o\u0301?|\u00f3|\u00d3))?n?|[\u0434\u0414][\u043e\u041e][\u0431\u0411]|anexo)'
    || E'[:.]?[ \t,-]*[0-9]{1,20}#?'
    || E'|[ \t,]*(?:[x#~]|int)[:.]?[ \t,-]*[0-9]{1,9}#?'
    || E'|[- ]+[0-9]{1,6}#'
    || E'|[ \t]*(?:,,|;)[:.]?[ \t,-]*[0-9]{1,15}#?'
    || E'|[ \t]*,+[:.]?[ \t,-]*[0-9]{1,9}#?)$';
  v_number text := p_text;
  v_at constant integer := regexp_instr(p_text, c_extension);
begin
  if v_at > 0 and left(p_text, v_at - 1) ~ c_number then
    v_number := left(p_text, v_at - 1);
    extension := substring(substr(p_text, v_at) from '([0-9]+)#?$');
  elsif p_text !~ c_number then
    return;
  end if;
  if v_number ~ '[a-z].*[a-z].*[a-z]' then
    v_number := translate(v_number, 'abcdefghijklmnopqrstuvwxyz', '22233344455566677778889999');
  end if;
  digits := left(v_number, 1) || regexp_replace(substr(v_number, 2), '[^0-9]', '', 'g');
end;
$$;
comment on function ref.split_phone(text) is
  'What extract_phone found as digits, with + if it had one (1-800-flowers is 18003569377), and the digits of its '
  'extension (x12, ext. 12, ;ext=12, #12); null: it cannot be a number.';
