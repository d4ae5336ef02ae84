create or replace function leadgen.keep_offer_market()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform leadgen.refuse('LG409', 'An offer cannot move to another market or vertical', 'market_id',
    'another market or vertical', 'the ones it was made with',
    'Make a new offer and point the sources at it; leads and sales stay with the old one.');
  return null;
end;
$$;
comment on function leadgen.keep_offer_market() is
  'Trigger: market and vertical of an offer are fixed, because leads, sales and usage carry them.';

create or replace trigger keep_offer_market before update on leadgen.offers
  for each row when ((old.market_id, old.vertical_id) is distinct from (new.market_id, new.vertical_id))
  execute function leadgen.keep_offer_market();
