create or replace function leadgen.lock_delivery(p_id bigint)
returns leadgen.deliveries
language plpgsql
volatile
as $$
declare
  v_delivery leadgen.deliveries;
begin
  select d.* into v_delivery from leadgen.deliveries d where d.id = p_id for no key update;
  if not found then
    perform leadgen.refuse('LG404', 'There is no such delivery', 'delivery_id', p_id::text, 'an id in report.deliveries');
  end if;
  return v_delivery;
end;
$$;
comment on function leadgen.lock_delivery(bigint) is 'A delivery, its row locked until the transaction ends; LG404 when there is none.';
