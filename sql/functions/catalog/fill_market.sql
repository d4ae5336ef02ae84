create or replace function leadgen.fill_market()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' or new.timezone <> old.timezone then
    perform leadgen.check_timezone(new.timezone, 'timezone');
  end if;
  if tg_op = 'UPDATE' and new.country_code <> old.country_code
    and exists (select from leadgen.offers o where o.market_id = old.id) then
    perform leadgen.refuse('LG409', 'A market with offers cannot move to another country', 'country_code', new.country_code,
      old.country_code, 'Its service areas are written in the shape of its country''s postal codes: make a new market.');
  end if;
  new.slug := coalesce(new.slug, leadgen.choose_slug('leadgen.markets', 'slug', new.name, 100));
  return new;
end;
$$;
comment on function leadgen.fill_market() is 'Trigger: a market''s zone exists; its slug is made from its name when not given.';

create or replace trigger fill_market before insert or update on leadgen.markets
  for each row execute function leadgen.fill_market();
