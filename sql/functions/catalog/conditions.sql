-- Conditions on fields: one vocabulary for filters, price steps and response rules.

create or replace function catalog.check_tests(
  p_tests jsonb,
  p_path text,
  p_fields text[] default null,
  p_root text default 'attributes'
)
returns void
language plpgsql
volatile
as $$
declare
  c_numbers constant text[] := '{postal_code,status}';
  v_field record;
begin
  if jsonb_typeof(p_tests) is distinct from 'object' then
    perform kernel.refuse_value(p_path, coalesce(p_tests::text, 'nothing'),
      format('conditions by field: {"%s.x": {"minimum": 10}}', p_root));
  end if;
  perform catalog.check_patterns(p_tests, p_path);
  for v_field in select f.key, f.value, p_path || '.' || f.key as path from jsonb_each(p_tests) f loop
    perform catalog.check_field(v_field.key, v_field.path, p_fields, p_root);
    perform catalog.check_test(v_field.value, v_field.path);
    if v_field.key = any (coalesce(p_fields, kernel.list_fields())) and v_field.key <> all (c_numbers)
      and (v_field.value ?| '{minimum,maximum}' or v_field.value -> 'not' ?| '{minimum,maximum}') then
      perform kernel.refuse_value(v_field.path, v_field.value::text,
        'enum or pattern: ' || v_field.key || ' is no number');
    end if;
  end loop;
end;
$$;
comment on function catalog.check_tests(jsonb, text, text[], text) is
  'Raises LG423 for conditions on fields ({"<field>": {"enum", "minimum", "maximum", "pattern", "not"}}) that are '
  'malformed or can never hold: fields of a lead unless told otherwise (see catalog.check_field).';

create or replace function catalog.check_test(p_test jsonb, p_path text, p_is_nested boolean default false)
returns void
language plpgsql
volatile
as $$
declare
  c_words constant text[] := '{enum,minimum,maximum,pattern,not}';
  v_words constant text[] := case when p_is_nested then array_remove(c_words, 'not') else c_words end;
  v_word record;
begin
  if jsonb_typeof(p_test) <> 'object' or p_test = '{}' then
    perform kernel.refuse_value(p_path, p_test::text,
      'an object with at least one of ' || array_to_string(v_words, ', '));
  end if;
  for v_word in select w.key, w.value, p_path || '.' || w.key as path from jsonb_each(p_test) w loop
    if v_word.key <> all (v_words) then
      perform kernel.refuse_choice(v_word.path,
        case v_word.key when 'not' then 'not inside of not' else 'an unknown word' end, v_word.key, v_words);
    elsif v_word.key = 'not' then
      perform catalog.check_test(v_word.value, v_word.path, true);
    else
      perform catalog.check_schema(v_word.value, case v_word.key
        when 'enum' then '{"type": "array", "minItems": 1, "maxItems": 1000, "uniqueItems": true,
          "items": {"type": ["string", "number", "boolean"]}}'::jsonb
        when 'pattern' then '{"type": "string", "format": "regex"}'
        else '{"type": "number"}' end, v_word.path);
    end if;
  end loop;
  perform catalog.check_bounds(p_test, p_path);
  if p_test ? 'enum' and p_test -> 'not' ? 'enum' and (p_test -> 'not') - 'enum' = '{}'
    and not exists (
      select from jsonb_array_elements(p_test -> 'enum') e where not kernel.is_one_of(e, p_test #> '{not,enum}')) then
    perform kernel.refuse_value(p_path || '.not.enum', p_test #>> '{not,enum}',
      'a list that does not exclude all of enum ' || (p_test ->> 'enum'));
  end if;
end;
$$;
comment on function catalog.check_test(jsonb, text, boolean) is
  'Raises LG423 when the conditions on one field are malformed or can never hold.';

create or replace function catalog.check_bounds(p_words jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- Text that looks like a number is compared as one: forms send numbers as text.
declare
  c_number constant text := E'^\\s*-?[0-9]+(\\.[0-9]+)?\\s*$';
  v_value record;
begin
  if (p_words ->> 'minimum')::numeric > (p_words ->> 'maximum')::numeric then
    perform kernel.refuse_value(p_path || '.minimum', p_words ->> 'minimum',
      'at most the maximum ' || (p_words ->> 'maximum'));
  end if;
  for v_value in
    select e.value, p_path || '.enum[' || e.ordinality - 1 || ']' as path, e.value #>> '{}' as text,
      case when e.value #>> '{}' ~ c_number then (e.value #>> '{}')::numeric end as number
    from jsonb_array_elements(p_words -> 'enum') with ordinality e
  loop
    if p_words ? 'minimum' and coalesce(v_value.number < (p_words ->> 'minimum')::numeric, true) then
      perform kernel.refuse_value(v_value.path, v_value.value::text,
        'a number of at least the minimum ' || (p_words ->> 'minimum'));
    elsif p_words ? 'maximum' and coalesce(v_value.number > (p_words ->> 'maximum')::numeric, true) then
      perform kernel.refuse_value(v_value.path, v_value.value::text,
        'a number of at most the maximum ' || (p_words ->> 'maximum'));
    elsif p_words ? 'pattern'
      and (jsonb_typeof(v_value.value) <> 'string' or v_value.text !~ (p_words ->> 'pattern')) then
      perform kernel.refuse_value(v_value.path, v_value.value::text, 'text that the pattern lets pass');
    end if;
  end loop;
end;
$$;
comment on function catalog.check_bounds(jsonb, text) is
  'Raises LG423 when minimum is above maximum, or enum lists a value that '
  'minimum, maximum or pattern beside it would refuse.';

create or replace function catalog.check_field(
  p_field text,
  p_path text,
  p_fields text[] default null,
  p_root text default 'attributes'
)
returns void
language plpgsql
immutable
as $$
declare
  v_fields constant text[] := coalesce(p_fields, kernel.list_fields());
  v_below constant text := p_root || '.' || coalesce(nullif(substr(p_field, strpos(p_field, '.') + 1), p_field), 'x');
begin
  if p_field <> all (v_fields)
    and not (starts_with(p_field, p_root || '.') and length(p_field) > length(p_root) + 1) then
    perform kernel.refuse_choice(p_path, 'an unknown field', p_field, v_fields || v_below);
  end if;
end;
$$;
comment on function catalog.check_field(text, text, text[], text) is
  'Raises LG423 when a name is none of the fields and not root.x; of a lead, unless told otherwise: its core fields '
  'and attributes.x.';

create or replace function catalog.compile_tests(p_tests jsonb)
returns kernel.field_test[]
language plpgsql
immutable strict
as $$
begin
  return array(
    select (
      t.key, catalog.compile_test(t.key, t.value, false)::jsonpath, catalog.describe_test(t.value))::kernel.field_test
    from jsonb_each(p_tests) t
    order by t.key
  );
end;
$$;
comment on function catalog.compile_tests(jsonb) is
  'Conditions on fields, {"attributes.roof_age": {"minimum": 10}, ...} (see catalog.check_tests), ready to be judged.';

create or replace function catalog.compile_test(p_field text, p_test jsonb, p_is_nested boolean)
returns text
language plpgsql
immutable strict
as $$
-- A JSON path looks into lists: of several choices one may be a text that a condition names. But a list in an attribute
-- is no number, or [5, 99] would be between 10 and 20. Under not, a list that has an excluded number is excluded.
declare
  v_value constant text := case
    when starts_with(p_field, 'attributes.') then '$."attributes".' || to_json(substr(p_field, 12))
    when starts_with(p_field, 'body.') then (
      select '$' || string_agg('.' || to_json(s.step), '' order by s.place)
      from string_to_table(p_field, '.') with ordinality as s (step, place))
    else '$.' || to_json(p_field)
  end;
  v_guard constant text := case
    when starts_with(p_field, 'attributes.') and not p_is_nested then v_value || '.type() != "array" && ' else '' end;
begin
  return (
    select string_agg(
      case word.key
        when 'enum' then (
          select '(' || string_agg(catalog.compile_equality(p_field, v_value, e, p_is_nested), ' || ') || ')'
          from jsonb_array_elements(word.value) e)
        when 'minimum' then format('%s%s >= %s', v_guard, catalog.compile_number(p_field, v_value), word.value)
        when 'maximum' then format('%s%s <= %s', v_guard, catalog.compile_number(p_field, v_value), word.value)
        when 'pattern' then format('%s like_regex %s flag "s"', v_value, word.value)
        when 'not' then format('(!(%1$s) || (%1$s) is unknown)', catalog.compile_test(p_field, word.value, true))
      end, ' && ' order by word.key)
    from jsonb_each(p_test) word
  );
end;
$$;
comment on function catalog.compile_test(text, jsonb, boolean) is
  'A condition on one field as the text of a jsonpath predicate. Numbers sent as text compare as numbers; a missing '
  'value holds only under not; a point of a pattern matches a line''s end, too, as with ~. A list in an attribute is '
  'no number. body.x.y goes down into an answer, through lists to any of their entries.';

create or replace function catalog.compile_number(p_field text, p_path text)
returns text
language plpgsql
immutable strict
as $$
-- As kernel.read_number reads it: .double() alone also takes hexadecimal digits.
begin
  return case
    when starts_with(p_field, 'attributes.')
      then format('%s ? (@.type() == "number" || @ like_regex %s).double()', p_path, to_json(
        E'^\\s*[-+]?([0-9]{1,40}([.][0-9]{0,40})?|[.][0-9]{1,40})([eE][-+]?[0-9]{1,2})?\\s*$'::text))
    else p_path || '.double()'
  end;
end;
$$;
comment on function catalog.compile_number(text, text) is
  'The number that a path''s value is or writes, as the text of a jsonpath expression.';

create or replace function catalog.compile_equality(
  p_field text,
  p_path text,
  p_value jsonb,
  p_is_nested boolean default false
)
returns text
language plpgsql
immutable strict
as $$
-- As kernel.read_as_type: a number is met by its text, true by any word for yes, a text by the number that it writes.
-- Core fields are texts or yes and no already. A list of one word may say yes or no; a list is no number.
declare
  v_equal constant text := p_path || ' == ' || catalog.compile_literal(p_field, p_value);
  v_is_free constant boolean := strpos(p_field, '.') > 0;
  v_any constant text := case
    when v_is_free and jsonb_typeof(p_value) = 'boolean'
      then format('%s || %s like_regex %s || %s == %s', v_equal, p_path,
        to_json(kernel.show_answer_pattern(p_value::boolean)), p_path, (p_value::boolean)::integer)
    when v_is_free and jsonb_typeof(p_value) = 'number'
      then format('%s || %s == %s', v_equal, catalog.compile_number(p_field, p_path), p_value)
    when v_is_free and p_value #>> '{}' ~ '^-?(0|[1-9][0-9]{0,14})([.][0-9]{0,9}[1-9])?$'
      then format('%s || %s == %s', v_equal, p_path, p_value #>> '{}')
    else v_equal
  end;
begin
  return case
    when p_is_nested or not starts_with(p_field, 'attributes.') or jsonb_typeof(p_value) = 'string' then v_any
    when jsonb_typeof(p_value) = 'boolean' then format('%s.size() == 1 && (%s)', p_path, v_any)
    else format('%s.type() != "array" && (%s)', p_path, v_any)
  end;
end;
$$;
comment on function catalog.compile_equality(text, text, jsonb, boolean) is
  'That a path''s value is one that a condition lists, as the text of a jsonpath predicate.';

create or replace function catalog.compile_literal(p_field text, p_value jsonb)
returns text
language plpgsql
immutable strict
as $$
begin
  return case p_field
    when 'city' then to_json(ref.normalize_city(p_value #>> '{}'))::text
    else p_value::text
  end;
end;
$$;
comment on function catalog.compile_literal(text, jsonb) is
  'A value as a condition compares it: a city as ref.normalize_city reads it.';

create or replace function catalog.describe_test(p_test jsonb)
returns text
language plpgsql
immutable strict
as $$
begin
  return (
    select string_agg(
      case word.key
        when 'enum' then 'one of ' || (select string_agg(e, ', ') from jsonb_array_elements_text(word.value) e)
        when 'minimum' then 'at least ' || (word.value #>> '{}')
        when 'maximum' then 'at most ' || (word.value #>> '{}')
        when 'pattern' then 'like ' || (word.value #>> '{}')
        when 'not' then 'not ' || catalog.describe_test(word.value)
      end, ' and ' order by word.key desc)
    from jsonb_each(p_test) word
  );
end;
$$;
comment on function catalog.describe_test(jsonb) is 'A condition on a field in words: "at least 10 and at most 30".';
