create or replace function leadgen.find_regex_fault(p_pattern text)
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
comment on function leadgen.find_regex_fault(text) is
  'What is asked of a pattern that could take for ever to compile or to match, judged by its structure alone; null: nothing.';
