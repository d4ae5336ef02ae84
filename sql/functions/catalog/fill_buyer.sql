create or replace function leadgen.fill_buyer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.webhook_url is not null and new.webhook_secret is null then
    new.webhook_secret := leadgen.make_webhook_secret();
  end if;
  return new;
end;
$$;
comment on function leadgen.fill_buyer() is 'Trigger: a buyer with a webhook has a secret to sign with.';

create or replace trigger fill_buyer before insert or update on leadgen.buyers
  for each row execute function leadgen.fill_buyer();
