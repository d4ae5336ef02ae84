create or replace function leadgen.start_offer_usage()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.offer_usage (offer_id, market_id) values (new.id, new.market_id);
  return null;
end;
$$;
comment on function leadgen.start_offer_usage() is 'Trigger: every offer has its row of usage, so that counting its sales is one update.';

create or replace trigger start_offer_usage after insert on leadgen.offers
  for each row execute function leadgen.start_offer_usage();
