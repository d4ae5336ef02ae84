-- JSON that strangers write.

create or replace function ref.has_huge_number(p_text text)
returns boolean
language plpgsql
immutable parallel safe
as $$
-- jsonb keeps 1e131071 as a number of 131,072 digits, and whoever reads it as text gets all of them: a reply of 9 kB
-- becomes 130 MB. The quick look finds most texts harmless; what stands between quotes is taken out for the others.
-- An open string ends with the text: each quote would be tried to the end again.
declare
  c_huge constant text := '[0-9.]{41}|[0-9][eE][+-]?[0-9]{3}';
begin
  return p_text ~ c_huge
    and regexp_replace(p_text, E'"(?:[^"\\\\]|\\\\.)*\\\\?(?:"|$)', '""', 'g') ~ c_huge;
end;
$$;
comment on function ref.has_huge_number(text) is
  'Whether a JSON text has a number with more than 40 digits and points in a row, or with an exponent of more than two '
  'digits. The API (api/leadgen/app/json_text.py) counts otherwise: all characters of a number, at most 40, sign and '
  'exponent included, and an exponent by its value, -99 to 99. It takes 1e007, which is too large here.';

create or replace function ref.read_word(p_document jsonb, p_key text)
returns text
language plpgsql
immutable parallel safe
as $$
begin
  return case
    when jsonb_typeof(p_document -> p_key) = 'string' then left(ref.collapse_space(p_document ->> p_key), 500)
  end;
end;
$$;
comment on function ref.read_word(jsonb, text) is
  'A member of a stranger''s JSON where a word is meant: trimmed, on one line, '
  'at most 500 characters; null when it is no string.';

create or replace function ref.mend_escapes(p_text text)
returns text
language plpgsql
immutable parallel safe
as $$
-- Behind a backslash the longest match counts: a pair of halves before one half. A pair that is whole stays, as does a
-- backslash that is escaped itself. What else is wrong is left for the reader of the JSON to refuse.
declare
  c_odd constant text := E'\\\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})';
  c_piece constant text :=
    E'[^\\\\]+|\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\u[0-9a-fA-F]{4}|\\\\.|\\\\';
begin
  if p_text !~ c_odd then
    return p_text;
  end if;
  return (
    select string_agg(case when length(m.piece[1]) = 6 and m.piece[1] ~ ('^' || c_odd) then E'\\ufffd'
      else m.piece[1] end, '' order by m.place)
    from regexp_matches(p_text, '(' || c_piece || ')', 'g') with ordinality as m (piece, place));
end;
$$;
comment on function ref.mend_escapes(text) is
  'A JSON text in which an escaped NUL, or half of a surrogate pair, is U+FFFD: jsonb takes neither. Source: RFC 8259, '
  'section 8.2.';
