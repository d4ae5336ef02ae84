create or replace function leadgen.announce_endpoint(p_endpoint leadgen.endpoints)
returns void
language plpgsql
volatile
as $$
-- The caller holds the endpoint's row. Reports show the event, so it names no address; the notice goes to the buyer
-- itself, and what follows a ? may be a secret.
declare
  v_since constant text := to_char(p_endpoint.disabled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
  v_notice_endpoint_id constant bigint := leadgen.find_notice_endpoint(p_endpoint.buyer_id);
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (
    leadgen.clock(), 'endpoint_disabled', format('endpoint %s %s', p_endpoint.id, v_since), p_endpoint.buyer_id,
    format('endpoint %s (%s of buyer %s) is disabled: %s', p_endpoint.id, p_endpoint.channel, p_endpoint.buyer_id, p_endpoint.disabled_reason),
    jsonb_build_object('endpoint_id', p_endpoint.id, 'channel', p_endpoint.channel, 'reason', p_endpoint.disabled_reason)
  )
  on conflict on constraint events_subject_unique do nothing;
  if v_notice_endpoint_id <> p_endpoint.id then
    perform leadgen.queue_notice(p_endpoint.buyer_id, 'endpoint.disabled', jsonb_build_object(
      'endpoint_id', p_endpoint.id, 'channel', p_endpoint.channel, 'target', regexp_replace(p_endpoint.target, '[?#].*', ''),
      'reason', p_endpoint.disabled_reason, 'disabled_at', v_since), v_notice_endpoint_id);
  end if;
  update leadgen.endpoints e set announced_at = leadgen.clock(), updated_at = leadgen.clock() where e.id = p_endpoint.id;
  perform leadgen.refresh_reach(p_endpoint.buyer_id);
end;
$$;
comment on function leadgen.announce_endpoint(leadgen.endpoints) is
  'What follows when an endpoint is disabled: operators see an event, the buyer gets a notice by e-mail, and it gets no lead that nothing else would bring.';
