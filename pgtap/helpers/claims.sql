-- A worker that claims a delivery and records what became of it.
create or replace function testkit.room(p_each integer)
returns jsonb
language sql
immutable
as $$
  select jsonb_build_object('webhook', p_each, 'email', p_each, 'sms', p_each);
$$;
comment on function testkit.room(integer) is
  'A worker''s room for so many deliveries of each channel, as leadgen.claim_deliveries takes it.';

create or replace function testkit.answer(p_result jsonb, p_channel text default 'webhook', p_retries integer default 3)
returns text
language plpgsql
as $$
-- What is due is claimed; the newest delivery of the channel gets this result, the others go back.
declare
  v_claim record;
  v_told record;
begin
  select c.* into v_claim from leadgen.claim_deliveries('w', testkit.room(1000), '30 seconds') c
  where c.channel = p_channel order by c.delivery_id desc limit 1;
  select r.* into v_told from leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', v_claim.delivery_id,
    'lease_token', v_claim.lease_token, 'started_at', leadgen.clock(), 'latency_ms', 0) || p_result), p_retries, '1 second') r;
  perform leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.status = 'sending';
  return concat_ws(', ', v_told.status, v_told.outcome, v_told.reason);
end;
$$;
comment on function testkit.answer(jsonb, text, integer) is
  'Claims, and records this result for the newest delivery of the channel: "pending, failed, HTTP 500" (status, outcome, reason).';
