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
    and regexp_replace(p_text, '"(?:[^"\\]|\\.)*\\?(?:"|$)', '""', 'g') ~ c_huge;
end;
$$;
comment on function ref.has_huge_number(text) is
  'Whether a JSON text has a number of more than 40 digits, or with an exponent of three. The API reads bodies by the '
  'same bounds (api/leadgen/app/json_text.py).';

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
  'A member of a stranger''s JSON where a word is meant: trimmed, on one line, at most 500 characters; null when it is '
  'no string.';
