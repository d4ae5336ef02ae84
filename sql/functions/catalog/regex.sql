-- Regular expressions that people write: judged by structure, then tried.

create or replace function catalog.check_regex(p_pattern text, p_path text)
returns void
language plpgsql
volatile
as $$
-- Structure first: what it lets pass is done in a second or two, so the trial cannot hang. A slow trial is repeated,
-- because a busy machine can make any pattern slow once.
declare
  c_limit constant interval := '100 milliseconds';
  v_fault constant text := catalog.find_regex_fault(p_pattern);
  v_time interval;
begin
  if v_fault is not null then
    perform kernel.refuse_value(p_path, p_pattern, v_fault);
  end if;
  v_time := catalog.time_regex(p_pattern);
  if v_time > c_limit then
    v_time := least(v_time, catalog.time_regex(p_pattern));
  end if;
  perform format('$ like_regex %s flag "s"', to_json(p_pattern))::jsonpath;
  if v_time > c_limit then
    perform kernel.refuse_value(p_path,
      format('%s: %s ms for a few long texts', p_pattern, round(1000 * extract(epoch from v_time))),
      format('a pattern that takes at most %s ms for them', round(1000 * extract(epoch from c_limit))));
  end if;
exception
  when invalid_regular_expression or syntax_error then
    perform kernel.refuse_value(p_path, p_pattern, 'a valid regular expression (' || sqlerrm || ')');
end;
$$;
comment on function catalog.check_regex(text, text) is
  'Raises LG423 when a pattern does not compile, also in a jsonpath, or may take for ever.';

create or replace function catalog.find_regex_fault(p_pattern text)
returns text
language plpgsql
immutable strict
as $$
-- PostgreSQL matches without capturing by a DFA, so (a+)+$ and its kin, which ruin backtracking engines, cost nothing
-- here. Measured on 15: what hurts is the compilation of counted repetitions, above all of parts that may be absent
-- (((a?){30}b?){30}: 22 s, (a?b?){200}: half a second), and of chained assertions ((?:^|a|\y) 15 times: more than 5 s);
-- look-arounds, which look anew from every character: a quadratic cost, and one power more for each level of nesting;
-- and back-references, which leave the DFA.
declare
  v_weight record;
begin
  if length(p_pattern) > 500 then
    return 'at most 500 characters';
  elsif starts_with(p_pattern, '***') or substring(p_pattern from E'^\\(\\?([a-z]+)\\)') ~ '[^cimnpstw]' then
    return 'no *** before the pattern, and of embedded options only c, i, m, n, p, s, t, w';
  elsif p_pattern ~ E'\\(\\?#' then
    return 'no comment (?#) inside of the pattern';
  elsif exists (select from catalog.split_regex(p_pattern) t where t.token ~ E'^\\\\[1-9]') then
    return 'no back-reference';
  end if;
  v_weight := catalog.weigh_regex(p_pattern);
  return case
    when v_weight.nests_looks then 'no look-around inside of a look-around'
    when v_weight.parts > 1000 or v_weight.optional > 200 then
      'repetition counts that make less than 1,000 parts altogether, of which less than 200 may be absent'
    when v_weight.asserts > 20 then
      E'at most 20 assertions (^, $, \\y, look-around), none inside of a counted repetition'
  end;
end;
$$;
comment on function catalog.find_regex_fault(text) is
  'What is asked of a pattern that could take for ever to compile or to '
  'match, judged by its structure alone; null: nothing.';

create or replace function catalog.split_regex(p_pattern text)
returns table (token text, next_character text)
language plpgsql
immutable strict
as $$
declare
  c_tokens constant text[] := array[
    E'\\{[0-9]{1,4}(?:,[0-9]{0,4})?\\}',
    E'\\((?:\\?(?:<?[=!]|:|[a-z]+\\)))?',
    E'\\\\c?.',
    E'\\[\\^?\\]?(?:\\\\.|\\[[:.=][^\\]]*[:.=]\\]|[^\\]\\\\])*\\]',
    '.'];
begin
  return query
  select m.part[1], left(lead(m.part[1]) over (order by m.place), 1)
  from regexp_matches(p_pattern, format('(%s)', array_to_string(c_tokens, '|')), 'g') with ordinality as m (part, place)
  order by m.place;
end;
$$;
comment on function catalog.split_regex(text) is
  'A pattern as its tokens in order, each with the character behind it: a counted repetition, what opens a group, an '
  'escape, a bracket expression, or a character.';

create or replace function catalog.weigh_regex(
  p_pattern text,
  out parts numeric,
  out optional numeric,
  out asserts numeric,
  out nests_looks boolean
)
language plpgsql
immutable strict
as $$
-- By depth of the parentheses: what was counted there so far, and whether it lies in a look-around. v_part is what a
-- repetition behind it would repeat: parts, those that may be absent, assertions.
declare
  v_parts numeric[] := '{0}';
  v_optional numeric[] := '{0}';
  v_asserts numeric[] := '{0}';
  v_in_look boolean[] := '{false}';
  v_part numeric[] := '{0,0,0}';
  v_depth integer := 1;
  v_token text;
  v_next text;
  v_is_look boolean;
begin
  nests_looks := false;
  for v_token, v_next in select t.token, coalesce(t.next_character, '') from catalog.split_regex(p_pattern) t loop
    if v_token ~ E'^([*+?]|\\{.+\\})$' then
      v_part := catalog.repeat_part(v_part, v_token);
      continue;
    end if;
    -- A new part begins: the one before it is counted.
    v_parts[v_depth] := v_parts[v_depth] + v_part[1];
    v_optional[v_depth] := v_optional[v_depth] + v_part[2];
    v_asserts[v_depth] := v_asserts[v_depth] + v_part[3];
    v_part := catalog.weigh_token(v_token, v_next);
    if v_token = ')' and v_depth > 1 then
      v_part := array[greatest(v_parts[v_depth], 1), v_optional[v_depth], v_asserts[v_depth]];
      v_depth := v_depth - 1;
    elsif v_token ~ E'^\\(.*[^)]$|^\\($' then
      v_is_look := v_token ~ '[=!]$';
      nests_looks := nests_looks or v_is_look and v_in_look[v_depth];
      v_in_look[v_depth + 1] := v_is_look or v_in_look[v_depth];
      v_depth := v_depth + 1;
      v_parts[v_depth] := 0;
      v_optional[v_depth] := (v_next in ('|', ')'))::integer;
      v_asserts[v_depth] := v_is_look::integer;
    end if;
  end loop;
  parts := v_part[1] + (select sum(p) from unnest(v_parts[1:v_depth]) p);
  optional := v_part[2] + (select sum(o) from unnest(v_optional[1:v_depth]) o);
  asserts := v_part[3] + (select sum(a) from unnest(v_asserts[1:v_depth]) a);
end;
$$;
comment on function catalog.weigh_regex(text) is
  'What a pattern costs to compile: the parts that its counted repetitions make, those of them that may be absent, '
  'its assertions (one that may be repeated counts for four); and whether a look-around lies in another.';

create or replace function catalog.weigh_token(p_token text, p_next text)
returns numeric[]
language plpgsql
immutable
as $$
declare
  v_asserts constant integer := (p_token in ('^', '$') or p_token ~ E'^\\\\[AmMyYZ]')::integer;
begin
  return case
    when p_token in ('(', ')') or starts_with(p_token, '(?') then array[0, 0, 0]
    when p_token = '|' then array[0, (p_next in ('|', ')', ''))::integer, 0]
    else array[1, v_asserts, v_asserts]
  end;
end;
$$;
comment on function catalog.weigh_token(text, text) is
  'A token of a pattern: parts, parts that may be absent, assertions. An empty branch is one that may be absent.';

create or replace function catalog.repeat_part(p_part numeric[], p_quantifier text)
returns numeric[]
language plpgsql
immutable
as $$
-- Beyond its limits a counted repetition is as bad as can be, whatever stands behind it.
declare
  c_too_many constant numeric := 1000000;
  v_times constant integer := greatest(1, (regexp_match(p_quantifier, E'([0-9]+)\\D*$'))[1]::integer);
  v_parts constant numeric := p_part[1] * v_times;
  v_optional constant numeric := p_part[2] * v_times + (p_quantifier ~ E'^\\{0|,')::integer;
begin
  if p_quantifier in ('*', '+', '?') then
    return array[
      p_part[1],
      case p_quantifier when '+' then p_part[2] else greatest(p_part[1], 1) end,
      p_part[3] * case p_quantifier when '?' then 1 else 4 end];
  end if;
  return array[
    case when v_optional > 200 and v_times > 1 then c_too_many else v_parts end,
    v_optional,
    case when p_part[3] > 0 and v_times > 1 then c_too_many else p_part[3] end];
end;
$$;
comment on function catalog.repeat_part(numeric[], text) is
  'A part of a pattern with a quantifier behind it: parts, parts that may be absent, assertions.';

create or replace function catalog.time_regex(p_pattern text)
returns interval
language plpgsql
volatile strict
as $$
-- A comment in the pattern makes it another one each time, because a session keeps compiled patterns.
declare
  c_length constant integer := 2000;
  v_letters constant text := coalesce(nullif(regexp_replace(p_pattern, '[^[:alnum:]@. -]', '', 'g'), ''), 'x');
  v_begin constant timestamptz := clock_timestamp();
  v_pattern constant text := format('%s(?#%s)', p_pattern, v_begin);
  v_text text;
begin
  foreach v_text in array array['', repeat('a', c_length), repeat('aB1 ', c_length / 4),
    left(repeat(v_letters, c_length), c_length)] loop
    perform v_text ~ v_pattern;
  end loop;
  return clock_timestamp() - v_begin;
end;
$$;
comment on function catalog.time_regex(text) is
  'How long a pattern takes to compile and to match a few texts of 2,000 characters. Only for one that '
  'find_regex_fault let pass.';

create or replace function catalog.check_patterns(p_body jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
-- All of them are tried on one lead under its offer's lock, or on one answer while nobody else's is recorded, and a
-- stranger writes the text: together they may take as long as one may alone. What is faulty by itself is left to
-- check_regex, which names its path.
declare
  c_count constant integer := 30;
  c_limit constant interval := '100 milliseconds';
  v_patterns constant text[] := array(
    select p #>> '{}' from jsonb_path_query(p_body, 'strict $.**.pattern ? (@.type() == "string")') p);
  v_time interval;
begin
  if cardinality(v_patterns) > c_count then
    perform kernel.refuse_value(p_path, cardinality(v_patterns) || ' patterns', format('at most %s', c_count));
  end if;
  v_time := catalog.time_patterns(v_patterns);
  if v_time > c_limit then
    v_time := least(v_time, catalog.time_patterns(v_patterns));
  end if;
  if v_time > c_limit then
    perform kernel.refuse_value(p_path,
      format('patterns that take %s ms together for a few long texts', round(1000 * extract(epoch from v_time))),
      format('%s ms together; a look-ahead that begins with ^, as in ^(?=.*a), looks once and not from every character',
        round(1000 * extract(epoch from c_limit))));
  end if;
end;
$$;
comment on function catalog.check_patterns(jsonb, text) is
  'Raises LG423 when a policy''s body, or the conditions of an enrollment or of a buyer''s answers, have more than 30 '
  'patterns, or patterns that take more than 100 ms together.';

create or replace function catalog.check_offer_patterns(p_offer_id bigint, p_enrollment_id bigint, p_filters jsonb)
returns void
language plpgsql
volatile
as $$
-- A lead meets the filters of all enrollments of its offer, under the offer's lock: each may take what one may alone,
-- but not all of them. Whether an enrollment is active is not asked: it can be made so without this check.
declare
  c_limit constant interval := '250 milliseconds';
  c_patterns constant jsonpath := 'strict $.**.pattern ? (@.type() == "string")';
  v_own constant text[] := array(select p #>> '{}' from jsonb_path_query(p_filters, c_patterns) p);
  v_others constant text[] := array(
    select p #>> '{}'
    from leadgen.buyer_offers bo
    cross join jsonb_path_query(bo.filters, c_patterns) p
    where bo.offer_id = p_offer_id and bo.id <> p_enrollment_id and v_own <> '{}');
  v_time interval;
begin
  if v_others = '{}' then
    return;
  end if;
  v_time := catalog.time_patterns(v_own || v_others);
  if v_time > c_limit then
    v_time := least(v_time, catalog.time_patterns(v_own || v_others));
  end if;
  if v_time > c_limit then
    perform kernel.refuse_value('filters',
      format('%s patterns in all enrollments of offer %s, which take %s ms together for a few long texts',
        cardinality(v_own || v_others), p_offer_id, round(1000 * extract(epoch from v_time))),
      format('%s ms together; a look-ahead that begins with ^, as in ^(?=.*a), looks once and not from every character',
        round(1000 * extract(epoch from c_limit))));
  end if;
end;
$$;
comment on function catalog.check_offer_patterns(bigint, bigint, jsonb) is
  'Raises LG423 when the patterns of an enrollment''s filters and of the other enrollments of its offer take more than '
  '250 ms together.';

create or replace function catalog.time_patterns(p_patterns text[])
returns interval
language plpgsql
volatile
as $$
declare
  c_enough constant interval := '1 second';
  v_pattern text;
  v_time interval := '0';
begin
  foreach v_pattern in array p_patterns loop
    exit when v_time > c_enough;
    if catalog.find_regex_fault(v_pattern) is null then
      begin
        v_time := v_time + catalog.time_regex(v_pattern);
      exception
        when invalid_regular_expression then
          null;
      end;
    end if;
  end loop;
  return v_time;
end;
$$;
comment on function catalog.time_patterns(text[]) is
  'How long patterns take together for a few texts of 2,000 characters, the most that one is held against; those that '
  'check_regex refuses count for nothing.';
