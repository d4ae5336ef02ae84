-- Regular expressions that people write: judged by structure, then tried.

create or replace function catalog.check_regex(p_pattern text, p_path text)
returns void
language plpgsql
volatile
as $$
-- Structure first: what it lets pass is done in a second or two, so the trial cannot hang. A slow trial is repeated, because a busy
-- machine can make any pattern slow once.
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
    perform kernel.refuse_value(p_path, format('%s: %s ms for a few long texts', p_pattern, round(1000 * extract(epoch from v_time))),
      format('a pattern that is done with them in %s ms', round(1000 * extract(epoch from c_limit))));
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
-- and back-references, which leave the DFA. An assertion that may be repeated counts for four.
declare
  c_asserting constant text := 'at most 20 assertions (^, $, \y, look-around), none inside of a counted repetition';
  c_too_many constant text := 'repetition counts that make less than 1,000 parts altogether, of which less than 200 may be absent';
  v_at integer := 1;
  v_char text;
  v_found text;
  v_parts numeric[] := '{0}';
  v_optional numeric[] := '{0}';
  v_asserts numeric[] := '{0}';
  v_in_look boolean[] := '{false}';
  v_part numeric := 0;
  v_part_optional numeric := 0;
  v_part_asserts numeric := 0;
  v_depth integer := 1;
  v_times integer;
begin
  if length(p_pattern) > 500 then
    return 'at most 500 characters';
  elsif starts_with(p_pattern, '***') or substring(p_pattern from '^\(\?([a-z]+)\)') ~ '[^cimnpstw]' then
    return 'no *** before the pattern, and of embedded options only c, i, m, n, p, s, t, w';
  elsif p_pattern ~ '\(\?#' then
    return 'no comment (?#) inside of the pattern';
  end if;
  while v_at <= length(p_pattern) loop
    v_char := substr(p_pattern, v_at, 1);
    if v_char ~ '[*+?]' then
      if v_char <> '+' then
        v_part_optional := greatest(v_part, 1);
      end if;
      if v_char <> '?' then
        v_part_asserts := v_part_asserts * 4;
      end if;
      v_at := v_at + 1;
      continue;
    end if;
    v_found := substring(substr(p_pattern, v_at) from '^\{[0-9]{1,4}(?:,[0-9]{0,4})?\}');
    if v_found is not null then
      v_times := greatest(1, (regexp_match(v_found, '([0-9]+)\D*$'))[1]::integer);
      v_part := v_part * v_times;
      v_part_optional := v_part_optional * v_times + (v_found ~ '^\{0|,')::integer;
      if v_part > 1000 or v_part_optional > 200 and v_times > 1 then
        return c_too_many;
      elsif v_part_asserts > 0 and v_times > 1 then
        return c_asserting;
      end if;
      v_at := v_at + length(v_found);
      continue;
    end if;

    -- A new part begins: the one before it is counted.
    v_parts[v_depth] := v_parts[v_depth] + v_part;
    v_optional[v_depth] := v_optional[v_depth] + v_part_optional;
    v_asserts[v_depth] := v_asserts[v_depth] + v_part_asserts;
    v_part := 0;
    v_part_optional := 0;
    v_part_asserts := 0;
    if v_char = '(' then
      v_found := substring(substr(p_pattern, v_at) from '^\(\?(?:<?[=!]|:|[a-z]+\))');
      v_depth := v_depth + 1;
      v_parts[v_depth] := 0;
      v_optional[v_depth] := 0;
      v_asserts[v_depth] := 0;
      v_in_look[v_depth] := v_in_look[v_depth - 1];
      if substr(p_pattern, v_at + length(coalesce(v_found, '(')), 1) in ('|', ')') then
        v_optional[v_depth] := 1;
      end if;
      if v_found ~ '[=!]$' then
        if v_in_look[v_depth] then
          return 'no look-around inside of a look-around';
        end if;
        v_in_look[v_depth] := true;
        v_asserts[v_depth] := 1;
      elsif v_found ~ '\)$' then
        v_depth := v_depth - 1;
      end if;
      v_at := v_at + length(coalesce(v_found, '('));
    elsif v_char = ')' then
      if v_depth > 1 then
        v_part := greatest(v_parts[v_depth], 1);
        v_part_optional := v_optional[v_depth];
        v_part_asserts := v_asserts[v_depth];
        v_depth := v_depth - 1;
      end if;
      v_at := v_at + 1;
    elsif v_char = '\' then
      if substr(p_pattern, v_at + 1, 1) ~ '[1-9]' then
        return 'no back-reference';
      end if;
      v_part := 1;
      v_part_asserts := (substr(p_pattern, v_at + 1, 1) ~ '[AmMyYZ]')::integer;
      v_part_optional := v_part_asserts;
      v_at := v_at + case when substr(p_pattern, v_at + 1, 1) = 'c' then 3 else 2 end;
    elsif v_char = '[' then
      v_found := substring(substr(p_pattern, v_at) from '^\[\^?\]?(?:\\.|\[[:.=][^\]]*[:.=]\]|[^\]\\])*\]');
      v_part := 1;
      v_at := v_at + length(coalesce(v_found, '['));
    else
      v_part := (v_char <> '|')::integer;
      v_part_asserts := (v_char in ('^', '$'))::integer;
      v_part_optional := (v_part_asserts = 1 or v_char = '|' and substr(p_pattern, v_at + 1, 1) in ('|', ')', ''))::integer;
      v_at := v_at + 1;
    end if;
  end loop;
  if (select sum(p) from unnest(v_parts[1:v_depth]) p) + v_part > 1000
    or (select sum(o) from unnest(v_optional[1:v_depth]) o) + v_part_optional > 200 then
    return c_too_many;
  elsif (select sum(a) from unnest(v_asserts[1:v_depth]) a) + v_part_asserts > 20 then
    return c_asserting;
  end if;
  return null;
end;
$$;
comment on function catalog.find_regex_fault(text) is
  'What is asked of a pattern that could take for ever to compile or to match, judged by its structure alone; null: nothing.';

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
  foreach v_text in array array['', repeat('a', c_length), repeat('aB1 ', c_length / 4), left(repeat(v_letters, c_length), c_length)] loop
    perform v_text ~ v_pattern;
  end loop;
  return clock_timestamp() - v_begin;
end;
$$;
comment on function catalog.time_regex(text) is
  'How long a pattern takes to compile and to match a few texts of 2,000 characters. Only for one that find_regex_fault let pass.';

create or replace function catalog.check_patterns(p_body jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- A pattern may take 100 ms (catalog.check_regex), and all of them are tried on one lead under its offer's lock.
declare
  c_limit constant integer := 30;
  v_count constant bigint := (select count(*) from jsonb_path_query(p_body, 'strict $.**.pattern ? (@.type() == "string")'));
begin
  if v_count > c_limit then
    perform kernel.refuse_value(p_path, v_count || ' patterns', format('at most %s', c_limit));
  end if;
end;
$$;
comment on function catalog.check_patterns(jsonb, text) is
  'Raises LG423 when a policy''s body or the conditions of an enrollment have more than 30 patterns.';
