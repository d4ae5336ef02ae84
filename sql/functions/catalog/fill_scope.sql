create or replace function leadgen.fill_scope()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_country_code text;
begin
  if new.scope_type = 'city' then
    new.scope_key := leadgen.normalize_city(new.scope_value);
  else
    if tg_table_name = 'buyer_service_areas' then
      select m.country_code into v_country_code from leadgen.markets m where m.id = new.market_id;
    else
      select m.country_code into v_country_code
      from leadgen.offers o join leadgen.markets m on m.id = o.market_id where o.id = new.offer_id;
    end if;
    new.scope_key := leadgen.normalize_postal_code(new.scope_value, v_country_code);
    if new.scope_key !~ '^[A-Z0-9 -]*\*$' and not leadgen.is_postal_code(new.scope_key, v_country_code) then
      perform leadgen.refuse_value('scope_value', new.scope_value,
        'a postal code of ' || v_country_code || ', a prefix ending in *, or * for the whole market');
    end if;
  end if;
  if new.scope_key is null then
    perform leadgen.refuse_value('scope_value', 'an empty text', 'a ' || replace(new.scope_type, '_', ' '));
  end if;
  return new;
end;
$$;
comment on function leadgen.fill_scope() is
  'Trigger: scope_key is scope_value as leads are compared with it; a postal code that none can match is refused.';

create or replace trigger fill_scope before insert or update on leadgen.buyer_service_areas
  for each row execute function leadgen.fill_scope();
create or replace trigger fill_scope before insert or update on leadgen.offer_exclusivities
  for each row execute function leadgen.fill_scope();
