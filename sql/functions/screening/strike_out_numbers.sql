create or replace function leadgen.strike_out_numbers(p_candidates leadgen.candidate[])
returns leadgen.candidate[]
language plpgsql
immutable
as $$
declare
  v_candidates leadgen.candidate[] := p_candidates;
begin
  for v_index in 1 .. cardinality(v_candidates) loop
    v_candidates[v_index].filter_fault := regexp_replace(v_candidates[v_index].filter_fault, ' is .*?, wanted ', ', wanted ');
  end loop;
  return v_candidates;
end;
$$;
comment on function leadgen.strike_out_numbers(leadgen.candidate[]) is
  'Candidates whose filter faults no longer say what the lead had: "attributes.roof_age, wanted at least 10".';
