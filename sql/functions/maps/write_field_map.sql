create or replace function leadgen.write_field_map()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.slug := coalesce(leadgen.collapse_space(new.slug), leadgen.choose_slug('leadgen.field_maps', 'slug', new.name, 64));
  perform leadgen.check_field_map(new.body);
  return new;
end;
$$;
comment on function leadgen.write_field_map() is 'Trigger: checks a field map; its slug is made from its name when not given.';

create or replace trigger write_field_map before insert or update on leadgen.field_maps
  for each row execute function leadgen.write_field_map();
