create or replace function leadgen.fill_source()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.source_key := coalesce(leadgen.collapse_space(new.source_key), leadgen.choose_slug('leadgen.sources', 'source_key', new.name, 100));
  new.hostname := rtrim(leadgen.normalize_domain(new.hostname), '.');
  return new;
end;
$$;
comment on function leadgen.fill_source() is
  'Trigger: a source''s key is made from its name when not given; its hostname is stored as it is compared.';

create or replace trigger fill_source before insert or update on leadgen.sources
  for each row execute function leadgen.fill_source();
