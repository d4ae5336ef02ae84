create or replace function leadgen.rehearse_lead(p_payload jsonb, p_context jsonb)
returns jsonb
language plpgsql
volatile
as $$
-- A network's test carries made-up data, so that it would be refused is no fault of the test.
declare
  v_outcome jsonb;
  v_detail text;
begin
  v_outcome := leadgen.dry_run_lead(p_payload, p_context);
  return jsonb_build_object('status', 'test', 'message', 'A test: nothing was stored or sold', 'outcome', v_outcome);
exception
  when others then
    if sqlstate not like 'LG%' then
      raise;
    end if;
    get stacked diagnostics v_detail = pg_exception_detail;
    return jsonb_build_object('status', 'test', 'message', 'A test: nothing was stored or sold',
      'outcome', jsonb_build_object('status', 'refused', 'message', sqlerrm, 'detail', v_detail::jsonb));
end;
$$;
comment on function leadgen.rehearse_lead(jsonb, jsonb) is 'What would become of a lead that is marked as a test; nothing of it is kept.';
