create or replace function leadgen.enable_endpoint(p_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- last_failure_at stays: what was sent before it still counts for nothing.
declare
  v_endpoint constant leadgen.endpoints := leadgen.lock_endpoint(p_id);
begin
  if v_endpoint.disabled_at is null and v_endpoint.failures_in_a_row = 0 then
    return false;
  end if;
  update leadgen.endpoints e
  set
    disabled_at = null, disabled_reason = null, announced_at = null, checked_at = null,
    failures_in_a_row = 0, failing_since = null, retry_at = null, updated_at = leadgen.clock()
  where e.id = p_id;
  perform leadgen.refresh_reach(v_endpoint.buyer_id);
  perform leadgen.note_action('endpoint_enabled', format('endpoint %s', p_id), v_endpoint.buyer_id,
    format('endpoint %s (%s of buyer %s) is in use again', p_id, v_endpoint.channel, v_endpoint.buyer_id),
    jsonb_build_object('endpoint_id', p_id, 'was', v_endpoint.disabled_reason, 'failures_in_a_row', v_endpoint.failures_in_a_row));
  perform leadgen.ring_workers();
  return true;
end;
$$;
comment on function leadgen.enable_endpoint(bigint) is
  'Takes an endpoint into use again, its failures forgotten: what waits for it is sent. False when it is in use and did not fail; LG404 when there is none.';
