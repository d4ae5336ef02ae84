create or replace function leadgen.add_to(p_counts jsonb, p_key text, p_amount numeric)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case
    when p_key is null or p_amount = 0 then p_counts
    else p_counts || jsonb_build_object(p_key, coalesce((p_counts ->> p_key)::numeric, 0) + p_amount)
  end;
end;
$$;
comment on function leadgen.add_to(jsonb, text, numeric) is 'Counters by name with an amount added to one of them.';
