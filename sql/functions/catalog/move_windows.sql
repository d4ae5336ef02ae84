create or replace function leadgen.move_windows()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Offers by id, and for each its enrollments: one lock order.
declare
  v_offer_id bigint;
  v_buyer_offer_id bigint;
begin
  if tg_table_name = 'buyer_offers' then
    perform leadgen.recount_usage(new.id);
    return null;
  end if;
  for v_offer_id in select o.id from leadgen.offers o where o.market_id = new.id order by o.id loop
    perform leadgen.recount_offer_usage(v_offer_id, new.timezone);
    for v_buyer_offer_id in
      select bo.id from leadgen.buyer_offers bo where bo.offer_id = v_offer_id and bo.timezone is null order by bo.id
    loop
      perform leadgen.recount_usage(v_buyer_offer_id);
    end loop;
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
