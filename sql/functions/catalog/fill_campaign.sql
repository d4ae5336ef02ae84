create or replace function leadgen.fill_campaign()
returns trigger
language plpgsql
as $$
begin
  new.utm_source := lower(new.utm_source);
  new.utm_campaign := lower(new.utm_campaign);
  return new;
end;
$$;
comment on function leadgen.fill_campaign() is 'Trigger: campaigns are stored as they are compared, in lower case.';

create or replace trigger fill_campaign before insert or update on leadgen.source_campaigns
  for each row execute function leadgen.fill_campaign();
