create or replace function leadgen.check_caps_sense(p_caps jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_pair record;
begin
  for v_pair in
    select s.key as short, l.key as long
    from (values ('per_hour', 1), ('per_day', 2), ('per_week', 3), ('per_month', 4)) as s (key, length)
    join (values ('per_hour', 1), ('per_day', 2), ('per_week', 3), ('per_month', 4)) as l (key, length) on s.length < l.length
    union all
    select 'budget_per_day', 'budget_per_month'
  loop
    if (p_caps ->> v_pair.long)::numeric < (p_caps ->> v_pair.short)::numeric then
      perform leadgen.refuse_value('config.caps.' || v_pair.long, p_caps ->> v_pair.long,
        format('at least %s, which is %s', v_pair.short, p_caps ->> v_pair.short));
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_caps_sense(jsonb) is 'Raises LG423 when the cap of a longer window is below that of a shorter one.';
