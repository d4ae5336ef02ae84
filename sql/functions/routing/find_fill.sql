create or replace function leadgen.find_fill(variadic p_used_and_caps numeric[])
returns double precision
language plpgsql
immutable
as $$
declare
  v_fill numeric := 0;
begin
  for v_index in 2 .. cardinality(p_used_and_caps) by 2 loop
    v_fill := greatest(v_fill, p_used_and_caps[v_index - 1] / nullif(p_used_and_caps[v_index], 0));
  end loop;
  return v_fill::double precision;
end;
$$;
comment on function leadgen.find_fill(numeric[]) is
  'How full something is: the largest used share of its caps, given as used, cap, used, cap, …; a null or zero cap does not count.';
