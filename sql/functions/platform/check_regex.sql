create or replace function leadgen.check_regex(p_pattern text, p_path text)
returns void
language plpgsql
volatile
as $$
-- Structure first: what it lets pass is done in a second or two, so the trial cannot hang. A slow trial is repeated, because a busy
-- machine can make any pattern slow once.
declare
  c_limit constant interval := '100 milliseconds';
  v_fault constant text := leadgen.find_regex_fault(p_pattern);
  v_time interval;
begin
  if v_fault is not null then
    perform leadgen.refuse_value(p_path, p_pattern, v_fault);
  end if;
  v_time := leadgen.time_regex(p_pattern);
  if v_time > c_limit then
    v_time := least(v_time, leadgen.time_regex(p_pattern));
  end if;
  perform format('$ like_regex %s flag "s"', to_json(p_pattern))::jsonpath;
  if v_time > c_limit then
    perform leadgen.refuse_value(p_path, format('%s: %s ms for a few long texts', p_pattern, round(1000 * extract(epoch from v_time))),
      format('a pattern that is done with them in %s ms', round(1000 * extract(epoch from c_limit))));
  end if;
exception
  when invalid_regular_expression or syntax_error then
    perform leadgen.refuse_value(p_path, p_pattern, 'a valid regular expression (' || sqlerrm || ')');
end;
$$;
comment on function leadgen.check_regex(text, text) is
  'Raises LG423 when a pattern does not compile, also in a jsonpath, or may take for ever.';
