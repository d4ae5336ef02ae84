create or replace function leadgen.fill_enrollment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old leadgen.buyer_offers;
begin
  if tg_op = 'UPDATE' then
    v_old := old;
  else
    perform from leadgen.buyers b where b.id = new.buyer_id for no key update; -- whoever changes its addresses sees this one
  end if;
  if new.timezone is not null then
    perform leadgen.check_timezone(new.timezone, 'timezone');
  end if;
  if new.schedule is not null then
    perform leadgen.check_hours(new.schedule, 'schedule');
  end if;
  if new.filters is not null then
    perform leadgen.check_tests(new.filters, 'filters');
  end if;
  if new.webhook_url_override is distinct from v_old.webhook_url_override then
    perform leadgen.check_webhook_url(new.webhook_url_override, 'webhook_url_override');
  end if;
  if new.email_override is distinct from v_old.email_override then
    perform leadgen.check_mail_address(new.email_override, 'email_override');
  end if;
  if new.sms_override is distinct from v_old.sms_override then
    perform leadgen.check_sms_number(new.sms_override, 'sms_override');
  end if;
  new.compiled_schedule := leadgen.compile_hours(new.schedule);
  new.compiled_filters := leadgen.compile_tests(new.filters);
  if tg_op = 'UPDATE' and (old.buyer_id, old.offer_id) is distinct from (new.buyer_id, new.offer_id) then
    perform leadgen.refuse('LG409', 'An enrollment cannot move to another buyer or offer', 'offer_id',
      'another buyer or offer', 'the ones it was made with', 'End this enrollment (is_active false) and make a new one.');
  end if;
  return new;
end;
$$;
comment on function leadgen.fill_enrollment() is
  'Trigger: an enrollment''s zone, addresses, schedule and filters are checked and compiled; it stays with its buyer and offer, because its usage counts for them.';

create or replace trigger fill_enrollment before insert or update on leadgen.buyer_offers
  for each row execute function leadgen.fill_enrollment();
