create or replace function leadgen.place_newcomers(p_rehearsal leadgen.rehearsal, p_facts leadgen.lead_facts)
returns leadgen.candidate[]
language plpgsql
immutable
as $$
declare
  v_keys constant text[] := array(select 'postal_code:' || p from unnest(p_facts.postal_patterns) p) || ('city:' || p_facts.city_key);
begin
  return array(
    select jsonb_populate_record(p_rehearsal.added[place],
      jsonb_build_object('in_service_area', coalesce(string_to_array(p_rehearsal.added_areas[place], E'\n') && v_keys, false)))
    from generate_subscripts(p_rehearsal.added, 1) place
    order by place
  );
end;
$$;
comment on function leadgen.place_newcomers(leadgen.rehearsal, leadgen.lead_facts) is
  'The newcomers of a rehearsal as candidates for one lead: whether it lies in their area.';
