create or replace function leadgen.retry_delivery(p_id bigint, p_again boolean default false)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- One that waits is sent now, and to where its buyer takes leads today: so what waits for a disabled address finds its way
-- to the new one. One that is being sent is left alone, so a second click does nothing.
declare
  v_delivery constant leadgen.deliveries := leadgen.lock_delivery(p_id);
  v_from constant leadgen.delivery_status[] := '{pending,dead,unknown,parked}'::leadgen.delivery_status[]
    || case when p_again then '{delivered}'::leadgen.delivery_status[] else '{}' end;
  v_fault text;
begin
  if v_delivery.status = 'sending' then
    return 'sending';
  end if;
  v_fault := leadgen.resend_delivery(p_id, v_from, null);
  if v_fault is not null then
    perform leadgen.refuse('LG409', format('Delivery %s cannot be sent again: %s', p_id, v_fault), 'delivery_id', v_fault,
      'one that is ' || array_to_string(v_from, ', ') || ', of a sale that stands, to an endpoint in use',
      case v_delivery.status
        when 'delivered' then 'It got through. To send it once more all the same: p_again => true.'
        when 'sent' then 'Its provider has it and will report.'
      end);
  end if;
  perform leadgen.note_action('delivery_retried', format('delivery %s', p_id), v_delivery.buyer_id,
    format('delivery %s, %s: sent again', p_id, v_delivery.status),
    jsonb_build_object('delivery_id', p_id, 'was', v_delivery.status));
  perform leadgen.ring_workers();
  return 'pending';
end;
$$;
comment on function leadgen.retry_delivery(bigint, boolean) is
  'Sends a delivery again, or now if it waits; its id for the receiver stays the same. Returns its state. LG409 with the reason when it cannot be: its sale has ended, its lead was erased, its endpoint is disabled; a delivered one needs p_again. LG404 when there is none.';
