create or replace function leadgen.start_usage()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.enrollment_usage (buyer_offer_id, market_id, offer_id)
  select new.id, o.market_id, o.id from leadgen.offers o where o.id = new.offer_id;
  return null;
end;
$$;
comment on function leadgen.start_usage() is 'Trigger: every enrollment has its row of usage, so that taking capacity is one update.';

create or replace trigger start_usage after insert on leadgen.buyer_offers
  for each row execute function leadgen.start_usage();
