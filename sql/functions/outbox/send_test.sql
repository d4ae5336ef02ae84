create or replace function leadgen.send_test(p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- One test at a time: a second click finds the first. It carries nothing of any lead.
declare
  v_endpoint constant leadgen.endpoints := leadgen.lock_endpoint(p_endpoint_id);
  v_delivery_id bigint;
begin
  if v_endpoint.disabled_at is not null then
    perform leadgen.refuse('LG409', format('Endpoint %s is disabled: a test would wait with the rest', p_endpoint_id), 'endpoint_id',
      'disabled: ' || v_endpoint.disabled_reason, 'an endpoint in use', 'Enable it: leadgen.enable_endpoint.');
  end if;
  select d.id into v_delivery_id
  from leadgen.deliveries d
  join leadgen.notices n on n.id = d.notice_id and n.kind = 'webhook.test'
  where d.endpoint_id = p_endpoint_id and d.next_attempt_at is not null
  limit 1;
  return coalesce(v_delivery_id, leadgen.queue_notice(v_endpoint.buyer_id, 'webhook.test',
    jsonb_build_object('endpoint_id', p_endpoint_id, 'message', 'This is a test. No lead was sold to you.'), p_endpoint_id));
end;
$$;
comment on function leadgen.send_test(bigint) is
  'Sends a test (webhook.test) to an endpoint and returns its delivery''s id; one that is still under way is returned instead. LG409 when the endpoint is disabled.';
