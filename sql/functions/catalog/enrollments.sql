-- Buyers, enrollments, service areas and exclusivities as they are written.

create or replace function catalog.fill_buyer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Only what changes is checked: a row that was taken under milder rules can still be edited elsewhere. What is compiled
-- is compiled anew whenever somebody writes it, so that it never says anything but what the compiler does.
declare
  v_old leadgen.buyers;
begin
  if tg_op = 'UPDATE' then
    v_old := old;
  end if;
  if new.webhook_url is distinct from v_old.webhook_url then
    perform catalog.check_webhook_url(new.webhook_url, 'webhook_url');
  end if;
  if new.email is distinct from v_old.email then
    perform catalog.check_mail_address(new.email, 'email');
  end if;
  if new.phone is distinct from v_old.phone then
    perform catalog.check_phone(new.phone, 'phone');
  end if;
  if new.sms_notifications and (new.phone, true) is distinct from (v_old.phone, v_old.sms_notifications) then
    perform catalog.check_sms_number(new.phone, 'phone');
  end if;
  if new.response_rules is not null and new.response_rules is distinct from v_old.response_rules then
    perform catalog.check_response_rules(new.response_rules, 'response_rules');
  end if;
  if (new.response_rules, new.compiled_response_rules::text) is distinct from
    (v_old.response_rules, v_old.compiled_response_rules::text) then
    new.compiled_response_rules := catalog.compile_response_rules(new.response_rules);
  end if;
  return new;
end;
$$;
comment on function catalog.fill_buyer() is
  'Trigger: a buyer''s addresses and response rules are checked, the rules compiled.';

create or replace function catalog.fill_enrollment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- As with buyers: what changes is checked, what is compiled is compiled anew when it, or what it is made of, is
-- written.
declare
  v_old leadgen.buyer_offers;
begin
  if tg_op = 'UPDATE' then
    v_old := old;
  else
    -- Whoever changes its addresses sees this one.
    perform catalog.lock_addresses(array[new.buyer_id]);
  end if;
  if new.timezone is distinct from v_old.timezone and new.timezone is not null then
    perform catalog.check_timezone(new.timezone, 'timezone');
  end if;
  if new.schedule is distinct from v_old.schedule and new.schedule is not null then
    perform catalog.check_hours(new.schedule, 'schedule');
  end if;
  if new.filters is distinct from v_old.filters and new.filters is not null then
    perform catalog.check_tests(new.filters, 'filters');
    perform catalog.check_offer_patterns(new.offer_id, new.id, new.filters);
  end if;
  if new.webhook_url_override is distinct from v_old.webhook_url_override then
    perform catalog.check_webhook_url(new.webhook_url_override, 'webhook_url_override');
  end if;
  if new.email_override is distinct from v_old.email_override then
    perform catalog.check_mail_address(new.email_override, 'email_override');
  end if;
  if new.sms_override is distinct from v_old.sms_override then
    perform catalog.check_sms_number(new.sms_override, 'sms_override');
  end if;
  if (new.schedule, new.compiled_schedule) is distinct from (v_old.schedule, v_old.compiled_schedule) then
    new.compiled_schedule := catalog.compile_hours(new.schedule);
  end if;
  if (new.filters, new.compiled_filters::text) is distinct from (v_old.filters, v_old.compiled_filters::text) then
    new.compiled_filters := catalog.compile_tests(new.filters);
  end if;
  return new;
end;
$$;
comment on function catalog.fill_enrollment() is
  'Trigger: an enrollment''s zone, addresses, schedule and filters are checked, schedule and filters compiled.';

create or replace function catalog.lock_addresses(p_buyer_ids bigint[])
returns void
language plpgsql
volatile
as $$
-- Not the buyers' rows: leads wait for those with their offer in hand (billing.take_funds), and whoever edits an
-- enrollment may wait for an offer.
begin
  perform pg_advisory_xact_lock(5, kernel.lock_key(b.id))
  from (select distinct i as id from unnest(p_buyer_ids) i order by 1) b;
end;
$$;
comment on function catalog.lock_addresses(bigint[]) is
  'Advisory locks of class 5, by id: until the transaction ends nobody else connects enrollments of these buyers with '
  'their addresses.';

create or replace function catalog.check_owner()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The enrollment's row is locked, so that nobody deletes it meanwhile.
begin
  perform from leadgen.buyer_offers bo where bo.offer_id = new.offer_id and bo.buyer_id = new.buyer_id for key share;
  if not found then
    perform kernel.refuse_value('buyer_id',
      format('buyer %s, which is not enrolled in offer %s', new.buyer_id, new.offer_id),
      'a buyer that is enrolled in the offer (leadgen.buyer_offers)');
  end if;
  return null;
end;
$$;
comment on function catalog.check_owner() is
  'Trigger: raises LG423 when an active exclusivity names a buyer that is not enrolled in its offer.';

create or replace function catalog.check_owns_nothing(p_enrollment leadgen.buyer_offers)
returns void
language plpgsql
stable
as $$
-- A buyer or an offer that is deleted takes its exclusivities along.
declare
  v_owned text;
begin
  select format('%s %s', replace(x.scope_type, '_', ' '), x.scope_value) into v_owned
  from leadgen.offer_exclusivities x
  join leadgen.buyers b on b.id = x.buyer_id
  join leadgen.offers o on o.id = x.offer_id
  where x.offer_id = p_enrollment.offer_id and x.buyer_id = p_enrollment.buyer_id and x.is_active
  order by x.id
  limit 1;
  if found then
    perform kernel.refuse('LG409',
      format('Enrollment %s cannot be deleted: its buyer is the exclusive one of %s', p_enrollment.id, v_owned),
      'buyer_offer_id', 'a buyer with an exclusivity in the offer', 'a buyer without',
      'Switch its exclusivities off first: leadgen.offer_exclusivities.is_active false.');
  end if;
end;
$$;
comment on function catalog.check_owns_nothing(leadgen.buyer_offers) is
  'LG409 while an active exclusivity names the buyer of an enrollment that is to be deleted.';

create or replace function catalog.fill_scope()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A place that no postal code has is refused only when it is written: existing rows can still be edited elsewhere.
declare
  v_country_code text;
  v_is_new boolean := true;
begin
  if tg_op = 'UPDATE' then
    v_is_new := (new.scope_type, new.scope_value) is distinct from (old.scope_type, old.scope_value);
  end if;
  if tg_table_name = 'buyer_service_areas' then
    select m.country_code into v_country_code from leadgen.markets m where m.id = new.market_id;
  else
    select m.country_code into v_country_code
    from leadgen.offers o join leadgen.markets m on m.id = o.market_id where o.id = new.offer_id;
  end if;
  if new.scope_type = 'city' then
    new.scope_key := ref.normalize_city(new.scope_value);
    if v_is_new and new.scope_key is not null then
      perform catalog.check_city(new.scope_key, new.scope_value, v_country_code, 'scope_value');
    end if;
  else
    new.scope_key := ref.normalize_postal_code(new.scope_value, v_country_code);
    if new.scope_key !~ E'^[A-Z0-9 -]*\\*$' and not ref.is_postal_code(new.scope_key, v_country_code) then
      perform kernel.refuse_value('scope_value', new.scope_value,
        'a postal code of ' || v_country_code || ', a prefix ending in *, or * for the whole market');
    end if;
  end if;
  if new.scope_key is null then
    perform kernel.refuse_value('scope_value', 'an empty text', 'a ' || replace(new.scope_type, '_', ' '));
  end if;
  return new;
end;
$$;
comment on function catalog.fill_scope() is
  'Trigger: scope_key is scope_value as leads are compared with it; a '
  'postal code or city that none can match is refused.';

create or replace function catalog.check_pause(p_from timestamptz, p_until timestamptz, p_path text)
returns void
language plpgsql
immutable
as $$
begin
  if p_from is not null and p_until is null then
    perform kernel.refuse_value(p_path, kernel.write_instant(p_from), 'null while pause_until is null');
  elsif p_from >= p_until then
    perform kernel.refuse_value(
      p_path, kernel.write_instant(p_from), 'null, or a time before pause_until, ' || kernel.write_instant(p_until));
  end if;
end;
$$;
comment on function catalog.check_pause(timestamptz, timestamptz, text) is
  'Raises LG423, at the path of pause_from, for a pause without an end or one that ends before it begins.';

create or replace function catalog.lock_enrollment(p_id bigint)
returns leadgen.buyer_offers
language plpgsql
volatile
as $$
declare
  v_enrollment leadgen.buyer_offers;
begin
  select bo.* into v_enrollment from leadgen.buyer_offers bo where bo.id = p_id for no key update;
  if not found then
    perform kernel.refuse(
      'LG404', format('No enrollment %s', p_id), 'enrollment_id', p_id::text, 'the id of an enrollment');
  end if;
  return v_enrollment;
end;
$$;
comment on function catalog.lock_enrollment(bigint) is
  'An enrollment, its row locked until the transaction ends; LG404 when there is none.';

create or replace function catalog.pause_enrollment(p_enrollment_id bigint, p_from timestamptz, p_until timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_from constant timestamptz := case when p_from > v_now then p_from end;
  v_until constant timestamptz := coalesce(p_until, 'infinity');
begin
  if not isfinite(p_from) then
    perform kernel.refuse('LG400', 'A pause begins at a time', 'from', p_from::text, 'a time');
  end if;
  if v_until <= v_now then
    perform kernel.refuse('LG400', 'The pause would end in the past', 'until', kernel.write_instant(p_until),
      'a time to come');
  end if;
  if v_from >= v_until then
    perform kernel.refuse('LG400', 'The pause would end before it begins', 'from', kernel.write_instant(p_from),
      'a time before ' || kernel.write_instant(v_until));
  end if;
  perform catalog.lock_enrollment(p_enrollment_id);
  update leadgen.buyer_offers bo
  set pause_from = v_from, pause_until = v_until
  where bo.id = p_enrollment_id;
end;
$$;
comment on function catalog.pause_enrollment(bigint, timestamptz, timestamptz) is
  'The work of leadgen.pause_enrollment.';

create or replace function catalog.pause_by_its_clock(p_enrollment_id bigint, p_from text, p_until text)
returns void
language plpgsql
volatile
as $$
-- An enrollment that there is not is refused where it is paused.
declare
  v_zone constant text := coalesce((
    select coalesce(bo.timezone, m.timezone)
    from leadgen.buyer_offers bo
    join leadgen.offers o on o.id = bo.offer_id
    join leadgen.markets m on m.id = o.market_id
    where bo.id = p_enrollment_id), 'UTC');
begin
  perform catalog.pause_enrollment(p_enrollment_id, kernel.read_moment(p_from, v_zone, 'from'),
    kernel.read_moment(p_until, v_zone, 'until'));
end;
$$;
comment on function catalog.pause_by_its_clock(bigint, text, text) is
  'The work of leadgen.pause_enrollment for times as people write them.';

create or replace function catalog.resume_enrollment(p_enrollment_id bigint)
returns boolean
language plpgsql
volatile
as $$
declare
  v_until constant timestamptz := (catalog.lock_enrollment(p_enrollment_id)).pause_until;
begin
  update leadgen.buyer_offers bo
  set pause_from = null, pause_until = null
  where bo.id = p_enrollment_id and bo.pause_until is not null;
  return coalesce(v_until > leadgen.clock(), false);
end;
$$;
comment on function catalog.resume_enrollment(bigint) is 'The work of leadgen.resume_enrollment.';
