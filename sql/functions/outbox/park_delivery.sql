create or replace function leadgen.park_delivery(p_id bigint)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_delivery constant leadgen.deliveries := leadgen.lock_delivery(p_id);
begin
  if v_delivery.status = 'parked' then
    return 'parked';
  elsif v_delivery.status <> 'pending' then
    perform leadgen.refuse('LG409', format('Delivery %s cannot be parked: it is %s', p_id, v_delivery.status), 'delivery_id',
      'it is ' || v_delivery.status, 'one that is pending');
  end if;
  update leadgen.deliveries d
  set status = 'parked', next_attempt_at = null
  where d.id = p_id and d.market_id = v_delivery.market_id;
  perform leadgen.note_action('delivery_parked', format('delivery %s', p_id), v_delivery.buyer_id,
    format('delivery %s: parked', p_id), jsonb_build_object('delivery_id', p_id));
  return 'parked';
end;
$$;
comment on function leadgen.park_delivery(bigint) is
  'Takes a waiting delivery out of the queue until leadgen.retry_delivery. Returns its state; LG409 when it does not wait, LG404 when there is none.';
