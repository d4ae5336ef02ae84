create or replace function leadgen.verify_leads(
  p_after_id bigint,
  p_limit integer,
  out last_id bigint,
  out checked integer,
  out faults jsonb
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead leadgen.leads;
  v_faults jsonb;
begin
  checked := 0;
  faults := '[]';
  for v_lead in select l.* from leadgen.leads l where l.id > p_after_id order by l.id limit p_limit loop
    last_id := v_lead.id;
    checked := checked + 1;
    v_faults := leadgen.find_replay_faults(v_lead);
    if v_faults <> '[]' then
      faults := faults || jsonb_build_object('lead_id', v_lead.id, 'differences', v_faults);
    end if;
  end loop;
end;
$$;
comment on function leadgen.verify_leads(bigint, integer) is
  'Replays the next leads after an id: the last id it looked at (null: there are no more), how many, and those that do not come out the same.';
