-- list_configuration_faults, list_offer_faults, list_source_faults, list_enrollment_faults, list_buyer_faults, list_exclusivity_faults,
-- can_take_leads: what is configured and cannot work.
begin;
select plan(32);

create function pg_temp.faults(p_subject text) returns text[] language sql as $$
  select coalesce(array_agg(f.fault), '{}') from leadgen.list_configuration_faults() f
  where f.subject like format('%s%%', p_subject) and f.remedy <> '';
$$;
create function pg_temp.after(p_sql text, p_subject text) returns text[] language plpgsql as $$
-- What is told after a change that is undone again.
declare v_faults text[];
begin
  begin
    execute p_sql;
    v_faults := pg_temp.faults(p_subject);
    raise exception using errcode = 'UNDO1';
  exception when sqlstate 'UNDO1' then null;
  end;
  return v_faults;
end;
$$;

select testkit.austin_roofing();
select is(array(select format('%s: %s', f.subject, f.fault) from leadgen.list_configuration_faults() f), '{}',
  'a market at work has no fault');
select is(catalog.can_take_leads(bo), true, 'can_take_leads: reachable, active, with an area')
from leadgen.buyer_offers bo where bo.id = testkit.enrollment('Hilltop Roofing');

-- Offers.
select is(pg_temp.after(change, 'offer '), wanted, format('offer: %s', change))
from (values
  ('update leadgen.markets set is_active = false', '{its market is inactive}'::text[]),
  ('update leadgen.verticals set is_active = false', '{its vertical is inactive}'),
  ('update leadgen.validation_policies set is_active = false', '{its validation policy is inactive}'),
  ('update leadgen.routing_policies set is_active = false', '{its routing policy is inactive}'),
  ('update leadgen.sources set is_active = false', '{it has no active source: no lead can come in}'),
  ('update leadgen.buyer_offers set is_active = false', '{no buyer is enrolled: no lead can be sold}'),
  ('update leadgen.buyers set is_active = false', '{none of its enrollments can take a lead}'),
  ('update leadgen.routing_policies set config = ''{"caps": {"per_day": 0}}''',
    '{its routing policy has a cap of 0: no lead can be sold}'),
  ('update leadgen.routing_policies set config = ''{"caps": {"per_day": 1}}''', '{}'),
  ('update leadgen.offers set is_active = false', '{}')
) as t (change, wanted);

-- Enrollments.
create temp table hilltop as select testkit.enrollment('Hilltop Roofing') as id, testkit.buyer('Hilltop Roofing') as buyer_id;
select is(pg_temp.after(format(change, id, buyer_id), format('enrollment %s, Hilltop Roofing in ', id)), wanted,
  format('enrollment: %s', change))
from hilltop, (values
  ('update leadgen.buyers set is_active = false where id = %2$s', '{its buyer is inactive}'::text[]),
  ('update leadgen.buyers set webhook_url = null, email_notifications = false, sms_notifications = false where id = %2$s',
    '{"its buyer has no webhook, e-mail or SMS that leads are sent to"}'),
  ('select leadgen.disable_endpoint(e.id, ''gone'') from leadgen.endpoints e where e.buyer_id = %2$s',
    '{every endpoint that its leads are sent to is disabled}'),
  ('delete from leadgen.buyer_service_areas where buyer_id = %2$s', null),
  ('update leadgen.buyer_offers set capacity_per_day = 0 where id = %1$s', '{it has a cap or a budget of 0}'),
  ('update leadgen.buyer_offers set budget_per_month = 0 where id = %1$s', '{it has a cap or a budget of 0}'),
  ('update leadgen.buyer_offers set min_balance_required = 5 where id = %1$s',
    '{the balance 0.00 of its buyer is below the minimum of 5.00}'),
  ('update leadgen.buyer_offers set min_balance_required = 0 where id = %1$s',
    '{the balance 0.00 of its buyer does not cover the price of 60.00}'),
  ('update leadgen.buyer_offers set is_active = false, capacity_per_day = 0 where id = %1$s', '{}')
) as t (change, wanted)
where wanted is not null;
select matches(array_to_string(pg_temp.after(format('delete from leadgen.buyer_service_areas where buyer_id = %s', buyer_id),
  format('enrollment %s, ', id)), ' '), '^its buyer has no service area in ', 'enrollment: no area in the market') from hilltop;

-- Buyers whose number was taken under milder rules.
select is(pg_temp.after(format('set local session_replication_role = replica; %s', format(change, id, buyer_id)), subject), wanted,
  format('number: %s', change))
from hilltop, (values
  ('update leadgen.buyers set phone = ''615'' where id = %2$s', 'buyer ', '{its phone is no valid number}'::text[]),
  ('update leadgen.buyers set phone = ''615'', is_active = false where id = %2$s', 'buyer ', '{}'),
  ('update leadgen.buyer_offers set sms_override = ''+1615'' where id = %1$s', 'enrollment ', '{its sms_override is no valid number}')
) as t (change, subject, wanted);

-- Sources, exclusivities.
select is(pg_temp.after('update leadgen.sources set kind = ''partner_api''', 'source '),
  '{"a partner needs a key to post, and this source has none"}', 'source: a partner without a key');
select matches(array_to_string(pg_temp.after('update leadgen.offers set is_active = false', 'source '), ' '),
  'is inactive: its leads are quarantined$', 'source: of an inactive offer');
select is(pg_temp.after('insert into leadgen.payout_policies (name, rules, is_active) values (''off'', ''{"price": 5}'', false);
  update leadgen.sources set payout_policy_id = (select max(id) from leadgen.payout_policies)', 'source '),
  '{"its payout policy is inactive: its leads are quarantined"}', 'source: its payout policy is switched off');
select is(pg_temp.after('update leadgen.settings set default_source_key = ''gone''', 'settings'),
  '{default_source_key gone names no active source}', 'settings: a default source that is not there');
select is(pg_temp.after('update leadgen.sources set kind = ''partner_api'', source_key = ''p'';
  update leadgen.settings set default_source_key = ''p''', 'settings'),
  '{"default_source_key p names a partner, which needs its key: leads of no source are quarantined"}',
  'settings: a partner as the default source');
select testkit.own(id, 'postal_code', '78701') from hilltop;
select is(pg_temp.after(format(change, id, buyer_id), 'exclusivity '), wanted, format('exclusivity: %s', change))
from hilltop, (values
  ('update leadgen.buyers set is_active = false where id = %2$s', '{its buyer Hilltop Roofing is inactive}'::text[]),
  ('update leadgen.buyer_offers set is_active = false where id = %1$s',
    '{its buyer Hilltop Roofing has no active enrollment in the offer}'),
  ('update leadgen.routing_policies set config = ''{"exclusivity": {"scopes": ["city"]}}''',
    '{the routing policy of the offer ignores exclusivities of this scope}')
) as t (change, wanted);

select * from finish();
rollback;
