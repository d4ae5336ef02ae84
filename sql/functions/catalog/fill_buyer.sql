create or replace function leadgen.fill_buyer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Only what changes is checked: a row that was taken under milder rules can still be edited elsewhere.
declare
  v_old leadgen.buyers;
begin
  if tg_op = 'UPDATE' then
    v_old := old;
  end if;
  new.webhook_secret := coalesce(new.webhook_secret, leadgen.make_webhook_secret());
  if new.webhook_secret is distinct from v_old.webhook_secret then
    perform leadgen.check_webhook_secret(new.webhook_secret, 'webhook_secret');
  end if;
  if new.webhook_url is distinct from v_old.webhook_url then
    perform leadgen.check_webhook_url(new.webhook_url, 'webhook_url');
  end if;
  if new.email is distinct from v_old.email then
    perform leadgen.check_mail_address(new.email, 'email');
  end if;
  if new.webhook_headers is distinct from v_old.webhook_headers then
    perform leadgen.check_webhook_headers(new.webhook_headers, 'webhook_headers');
  end if;
  if new.sms_notifications and (new.phone, true) is distinct from (v_old.phone, v_old.sms_notifications) then
    perform leadgen.check_sms_number(new.phone, 'phone');
  end if;
  if new.response_rules is not null and new.response_rules is distinct from v_old.response_rules then
    perform leadgen.check_response_rules(new.response_rules, 'response_rules');
  end if;
  new.compiled_response_rules := leadgen.compile_response_rules(new.response_rules);
  return new;
end;
$$;
comment on function leadgen.fill_buyer() is
  'Trigger: a buyer''s addresses, headers and response rules are checked, the rules compiled; it has a secret to sign webhooks with, its own or a new one.';

create or replace trigger fill_buyer before insert or update on leadgen.buyers
  for each row execute function leadgen.fill_buyer();
