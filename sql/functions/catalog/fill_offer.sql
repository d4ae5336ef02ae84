create or replace function leadgen.fill_offer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.slug := coalesce(new.slug, leadgen.choose_slug('leadgen.offers', 'slug', new.name, 100));
  return new;
end;
$$;
comment on function leadgen.fill_offer() is 'Trigger: an offer''s slug is made from its name when not given.';

create or replace trigger fill_offer before insert or update on leadgen.offers
  for each row execute function leadgen.fill_offer();
