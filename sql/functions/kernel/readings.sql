-- Values as people and forms write them: a number that comes as text, a yes that comes as a word. Rules, filters, price
-- steps and consents read by these.

create or replace function kernel.read_number(p_value jsonb)
returns numeric
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when p_value #>> '{}' ~ E'^\\s*[-+]?([0-9]{1,40}([.][0-9]{0,40})?|[.][0-9]{1,40})([eE][-+]?[0-9]{1,2})?\\s*$'
      and jsonb_typeof(p_value) in ('number', 'string')
      then (p_value #>> '{}')::numeric
  end;
end;
$$;
comment on function kernel.read_number(jsonb) is
  'A number, also one that comes as text ("3", " 3.0 "); null: it is none, or one of more than 40 digits.';

create or replace function kernel.read_flag(p_value jsonb)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
begin
  return case jsonb_typeof(p_value)
    when 'boolean' then p_value::boolean
    when 'array' then case
      when jsonb_array_length(p_value) = 1 and jsonb_typeof(p_value -> 0) <> 'array' then kernel.read_flag(p_value -> 0)
    end
    when 'object' then null
    else kernel.read_answer_word(p_value #>> '{}')
  end;
end;
$$;
comment on function kernel.read_flag(jsonb) is
  'Yes or no, also as a word ("on", ["on"], "oui", 1: leadgen.answer_words); null: neither is clear.';

create or replace function kernel.read_answer_word(p_text text)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- To read the compiled body, in psql: \sf kernel.read_answer_word
begin
  raise 'compiled by catalog.compile_answer_words';
end;
$$;
comment on function kernel.read_answer_word(text) is
  'What a word of leadgen.answer_words means, case and accents aside; '
  'null: it is none of them. Compiled from the rows.';

create or replace function kernel.show_answer_pattern(p_meaning boolean)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  raise 'compiled by catalog.compile_answer_words';
end;
$$;
comment on function kernel.show_answer_pattern(boolean) is
  'A regular expression of the words that mean yes, or no, for a JSON path. It takes what kernel.read_answer_word '
  'takes, but for rare accents (catalog.make_answer_pattern), and a path tries each entry of a list: ["yes", "no"], '
  'which kernel.read_flag reads as neither, meets a condition for true and one for false. Compiled from '
  'leadgen.answer_words.';

create or replace function kernel.fold_answer(p_text text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- Case by translate: what lower does depends on the database's locale. To normalise a text takes time by the square of
-- its length; no word has more than 100 characters.
declare
  v_text constant text := case when octet_length(p_text) = length(p_text) or length(p_text) > 100 then p_text
    else regexp_replace(normalize(p_text, nfd), E'[\\u0300-\\u036f]+', '', 'g') end;
begin
  return translate(btrim(v_text, E' \t\n\r'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
end;
$$;
comment on function kernel.fold_answer(text) is
  'A word as answers are compared: trimmed, without case, and without accents unless it has more than 100 characters.';

create or replace function kernel.read_as_type(p_value jsonb, p_type text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return coalesce(
    case
      when p_type in ('number', 'integer') then to_jsonb(kernel.read_number(p_value))
      when p_type = 'boolean' then to_jsonb(kernel.read_flag(p_value))
      when p_type = 'string' and jsonb_typeof(p_value) = 'number' then to_jsonb(p_value #>> '{}')
    end,
    p_value);
end;
$$;
comment on function kernel.read_as_type(jsonb, text) is
  'A value as one of a JSON type, if it can be read so: "3" as 3, "yes" as true, 3 as "3"; else the value itself.';
