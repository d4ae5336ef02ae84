-- Markets, offers, sources and campaigns as they are written.

create or replace function catalog.fill_market()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' or new.timezone <> old.timezone then
    perform catalog.check_timezone(new.timezone, 'timezone');
  end if;
  if tg_op = 'UPDATE' and (new.country_code, new.currency) <> (old.country_code, old.currency)
    and exists (select from leadgen.offers o where o.market_id = old.id) then
    if new.country_code <> old.country_code then
      perform kernel.refuse('LG409', 'A market with offers cannot move to another country', 'country_code',
        new.country_code, old.country_code,
        'Its service areas are written in the shape of its country''s postal codes: make a new market.');
    end if;
    perform kernel.refuse('LG409', 'A market with offers cannot have another currency', 'currency', new.currency,
      old.currency, 'Its prices, budgets and sales are amounts of its currency: make a new market.');
  end if;
  new.slug := coalesce(new.slug, catalog.choose_slug('leadgen.markets', 'slug', new.name, 100));
  return new;
end;
$$;
comment on function catalog.fill_market() is
  'Trigger: a market''s zone exists, and country and currency stay once it has offers; its slug is made from its name '
  'when not given.';

create or replace function catalog.fill_offer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.slug := coalesce(new.slug, catalog.choose_slug('leadgen.offers', 'slug', new.name, 100));
  return new;
end;
$$;
comment on function catalog.fill_offer() is 'Trigger: an offer''s slug is made from its name when not given.';

create or replace function catalog.fill_source()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.source_key := coalesce(ref.collapse_space(new.source_key),
    catalog.choose_slug('leadgen.sources', 'source_key', new.name, 100));
  new.hostname := rtrim(ref.normalize_domain(new.hostname), '.');
  return new;
end;
$$;
comment on function catalog.fill_source() is
  'Trigger: a source''s key is made from its name when not given; its hostname is stored as it is compared.';

create or replace function catalog.fill_campaign()
returns trigger
language plpgsql
as $$
begin
  new.utm_source := lower(new.utm_source);
  new.utm_campaign := lower(new.utm_campaign);
  return new;
end;
$$;
comment on function catalog.fill_campaign() is 'Trigger: campaigns are stored as they are compared, in lower case.';
