create or replace function leadgen.replay_lead(p_lead_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead leadgen.leads;
  v_faults jsonb;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform leadgen.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id');
  end if;
  v_faults := leadgen.find_replay_faults(v_lead);
  if v_faults = '[]' then
    return '{"identical": true}';
  end if;
  return jsonb_build_object('identical', false, 'differences', v_faults);
end;
$$;
comment on function leadgen.replay_lead(bigint) is
  'Recomputes a lead''s validation, judging, ranking and prices from the record: {"identical": true}, or false with each difference (what, recorded, replayed). LG404 when there is no such lead.';
