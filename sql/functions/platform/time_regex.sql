create or replace function leadgen.time_regex(p_pattern text)
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
comment on function leadgen.time_regex(text) is
  'How long a pattern takes to compile and to match a few texts of 2,000 characters. Only for one that find_regex_fault let pass.';
