create or replace function leadgen.move_windows()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_buyer_offer_id bigint;
begin
  if tg_table_name = 'buyer_offers' then
    perform leadgen.recount_usage(new.id);
    return null;
  end if;
  for v_buyer_offer_id in
    select bo.id
    from leadgen.offers o
    join leadgen.buyer_offers bo on bo.offer_id = o.id
    where o.market_id = new.id and bo.timezone is null
    order by o.id, bo.id
  loop
    perform leadgen.recount_usage(v_buyer_offer_id);
  end loop;
  return null;
end;
$$;
comment on function leadgen.move_windows() is
  'Trigger: a change of zone counts the caps anew, so that moving a window''s start gives no place twice.';

create or replace trigger move_windows after update of timezone on leadgen.buyer_offers
  for each row when (old.timezone is distinct from new.timezone) execute function leadgen.move_windows();
create or replace trigger move_windows after update of timezone on leadgen.markets
  for each row when (old.timezone is distinct from new.timezone) execute function leadgen.move_windows();
