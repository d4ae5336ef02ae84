-- Road: somebody has a decision computed again.

create or replace function roads.replay_lead(p_lead_id bigint, p_contact jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads;
  v_faults jsonb;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text,
      'the id of a lead');
  end if;
  v_faults := rehearsal.find_replay_faults(v_lead, p_contact);
  if v_faults = '[]' then
    return jsonb_build_object('identical', true) || case
      when v_lead.sealed is not null and p_contact is null then '{"without": "validation: the lead is sealed"}'
      else '{}' end::jsonb;
  end if;
  return jsonb_build_object('identical', false, 'differences', v_faults);
end;
$$;
comment on function roads.replay_lead(bigint, jsonb) is 'The work of leadgen.replay_lead.';
