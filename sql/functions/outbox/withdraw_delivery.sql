create or replace function leadgen.withdraw_delivery()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_notify('leadgen_deliveries', new.id::text);
  return null;
end;
$$;
comment on function leadgen.withdraw_delivery() is
  'Trigger: a delivery that is cancelled under a worker''s lease is called off, so that it is not sent if it still waits for a place.';

create or replace trigger withdraw_delivery after update of status on leadgen.deliveries
  for each row when (old.status = 'sending' and new.status = 'cancelled') execute function leadgen.withdraw_delivery();
