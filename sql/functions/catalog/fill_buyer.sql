create or replace function leadgen.fill_buyer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.webhook_secret := coalesce(new.webhook_secret, leadgen.make_webhook_secret());
  return new;
end;
$$;
comment on function leadgen.fill_buyer() is 'Trigger: every buyer has a secret to sign webhooks with, its own or an enrollment''s.';

create or replace trigger fill_buyer before insert or update on leadgen.buyers
  for each row execute function leadgen.fill_buyer();
