-- Warning events before a cap or a budget runs out: warn_of_limit, warn_of_caps, warn_of_offer_caps,
-- is_running_low. The line is at 80 per cent.
begin;
select plan(48);

-- After which of its leads an enrollment warns: lead numbers.
create function pg_temp.warned(p_seat jsonb, p_config jsonb, p_leads integer) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
  v_seat constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace', p_seat);
  v_said text[] := '{}';
  v_before bigint := 0;
  v_now bigint;
begin
  for v_number in 1 .. p_leads loop
    perform testkit.outcome(v_offer_id, '2026-11-20T16:00:00Z');
    v_now := (select count(*) from leadgen.events e where e.offer_id = v_offer_id);
    if v_now > v_before then
      v_said := v_said || (select format('%s %s', v_number, string_agg(distinct format('%s %s', e.kind, e.facts ->> 'unit'), ' '))
        from leadgen.events e
        where e.offer_id = v_offer_id and e.id > (select coalesce(max(x.id), 0) from (select o.id from leadgen.events o
          where o.offer_id = v_offer_id order by o.id limit v_before) x));
      v_before := v_now;
    end if;
  end loop;
  return array_to_string(v_said, ', ');
end;
$$;
select is(pg_temp.warned(seat, config, 6), expected, format('%s %s: %s', seat, config, coalesce(nullif(expected, ''), 'no warning')))
from (values
  -- 80 per cent of 5 is 4; of 4 is 3.2, so the fourth were the last one: the warning comes before, at the third
  ('{"capacity_per_day": 5}'::jsonb, '{}'::jsonb, '4 cap_low day'), ('{"capacity_per_day": 4}', '{}', '3 cap_low day'),
  ('{"capacity_per_day": 3}', '{}', '2 cap_low day'), ('{"capacity_per_day": 2}', '{}', '1 cap_low day'),
  ('{"capacity_per_day": 1}', '{}', ''), ('{"capacity_per_day": 0}', '{}', ''), ('{}', '{}', ''), ('{"capacity_per_day": 10}', '{}', ''),
  ('{"capacity_per_hour": 2}', '{}', '1 cap_low hour'), ('{"capacity_per_week": 5}', '{}', '4 cap_low week'),
  ('{"capacity_per_month": 5}', '{}', '4 cap_low month'),
  ('{"capacity_per_day": 5, "capacity_per_week": 6}', '{}', '4 cap_low day, 5 cap_low week'),
  -- 45 a lead: 80 per cent of 225 is 180
  ('{"budget_per_day": 225}', '{}', '4 budget_low day'), ('{"budget_per_day": 225.01}', '{}', '5 budget_low day'),
  ('{"budget_per_month": 225}', '{}', '4 budget_low month'), ('{"budget_per_day": 0}', '{}', ''),
  ('{}', '{"caps": {"per_day": 5}}', '4 cap_low day'), ('{}', '{"caps": {"per_hour": 2}}', '1 cap_low hour'),
  ('{}', '{"caps": {"per_week": 3}}', '2 cap_low week'), ('{}', '{"caps": {"per_month": 1}}', ''),
  ('{}', '{"caps": {"budget_per_day": 225}}', '4 budget_low day'), ('{}', '{"caps": {"budget_per_month": 90}}', '2 budget_low month')
) as t (seat, config, expected);

-- What an event says; once a window, again in the next.
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"max_buyers": 2, "caps": {"per_day": 5}}') as offer_id;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace',
  '{"capacity_per_hour": 2, "routing_priority": 2, "timezone": "Asia/Tokyo"}') as a
  from ids;
select testkit.enroll_buyer(offer_id, 'Best') from ids;
create function pg_temp.events() returns text[] language sql as $$
  select coalesce(array_agg(format('%s: %s', e.kind,
    replace(replace(format('%s | %s', e.subject, e.message), format('enrollment %s', s.a), 'seat A'), format('offer %s', ids.offer_id),
      'the offer')) order by e.id), '{}')
  from ids cross join seats s join leadgen.events e using (offer_id);
$$;
select testkit.outcome(offer_id, '2026-11-20T16:10:00Z') from ids;
select is(pg_temp.events(),
  array['cap_low: seat A hour 2026-11-20T16:00Z | '
    'seat A: 1 of 2 of the hour cap used, 1 left, resets 2026-11-20T17:00:00Z (02:00 Asia/Tokyo)'],
  'an enrollment''s cap, in its own zone');
select testkit.outcome(offer_id, '2026-11-20T16:20:00Z') from ids;
select is((pg_temp.events())[2],
  'cap_low: the offer day 2026-11-20 | the offer: 4 of 5 of the day cap used, 1 left, resets 2026-11-21T06:00:00Z (00:00 America/Chicago)',
  'the offer''s cap, in the market''s zone: the second lead of two sales goes over the line');
select is(array_length(pg_temp.events(), 1), 2, 'nobody is warned of anything else');
select is(e.facts, '{"unit": "day", "used": 4, "limit": 5}', 'the warning of a limit has its numbers') from leadgen.events e, ids
  where e.subject = format('offer %s day 2026-11-20', ids.offer_id);
select is(concat_ws(' ', e.created_at, e.market_id is not null, e.offer_id is not null, e.buyer_id is null, e.buyer_offer_id is null),
  '2026-11-20 16:20:00+00 t t t t', 'about the offer, not about a buyer') from leadgen.events e, ids
  where e.subject = format('offer %s day 2026-11-20', ids.offer_id);
select is(concat_ws(' ', e.buyer_id = testkit.buyer_of(a), e.buyer_offer_id = a), 't t', 'the warning names the buyer and the enrollment')
from seats join leadgen.events e
  on e.subject like format('enrollment %s %%', a);
select testkit.outcome(offer_id, '2026-11-20T17:00:00Z') from ids;
select is((pg_temp.events())[3],
  'cap_low: seat A hour 2026-11-20T17:00Z | seat A: 1 of 2 of the hour cap used, 1 left, resets 2026-11-20T18:00:00Z (03:00 Asia/Tokyo)',
  'a new hour, a new warning');
update leadgen.enrollment_usage u set sales[1] = 0, sales[2] = 0 from seats where u.buyer_offer_id = a;
select testkit.outcome(offer_id, '2026-11-20T17:10:00Z') from ids;
select is(array_length(pg_temp.events(), 1), 3, 'the same window again (a place came back): no second warning');
-- The hour that daylight saving repeats is two windows: 06:10 and 07:10 UTC are both 01:10 in Austin.
create temp table night as select testkit.make_offer('{"duplicate_window_hours": 0}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_hour": 2}') from night;
select testkit.outcome(offer_id, '2026-11-01T06:10:00Z') from night;
select testkit.outcome(offer_id, '2026-11-01T07:10:00Z') from night;
select is((select count(*) from leadgen.events e join night using (offer_id)), 2::bigint, 'an hour that comes twice warns twice');
update leadgen.settings set warn_at_percent = 50;
select is(pg_temp.warned('{"capacity_per_day": 6}', '{}', 4), '3 cap_low day', 'settings.warn_at_percent moves the line');
select is(pg_temp.warned('{"capacity_per_day": 3}', '{}', 4), '2 cap_low day', 'half of three is two');
update leadgen.settings set warn_at_percent = 80;

-- warn_of_limit by itself.
create function pg_temp.limit(p_is_money boolean, p_before numeric, p_after numeric, p_limit numeric) returns text language plpgsql as $$
declare
  v_route catalog.route;
  v_snapshot constant kernel.snapshot := testkit.snapshot('{}');
begin
  v_route.offer_id := nextval('testkit.numbers');
  perform market.warn_of_limit(v_snapshot, v_route, 0, 'week', p_is_money, p_before, p_after, p_limit);
  return (select e.message from leadgen.events e where e.subject = format('offer %s week 2026-W47', v_route.offer_id));
end;
$$;
select is(pg_temp.limit(kind = 'budget_low', before, after, lim) is not null, warns,
  format('warn_of_limit: %s, from %s to %s of %s', kind, before, after, coalesce(lim::text, 'unlimited')))
from (values
  ('cap_low', 7::numeric, 8::numeric, 10::numeric, true), ('cap_low', 6, 7, 10, false), ('cap_low', 8, 9, 10, false), ('cap_low', 0, 10,
    10, true),
  ('cap_low', 0, 1, 1, false), ('cap_low', 0, 1, null, false), ('cap_low', 0, 1, 0, false),
  ('budget_low', 0, 80, 100, true), ('budget_low', 0, 79.99, 100, false), ('budget_low', 80, 90, 100, false), ('budget_low', 0, 45, 45,
    true)
) as t (kind, before, after, lim, warns);
create function pg_temp.subject(p_window text) returns text language plpgsql as $$
-- At 10:00 in Austin, a Friday.
declare
  v_route catalog.route;
begin
  v_route.offer_id := nextval('testkit.numbers');
  perform market.warn_of_limit(testkit.snapshot('{}'), v_route, 0, p_window, false, 7, 8, 10);
  return (
    select format('%s | %s', replace(e.subject, format('offer %s', e.offer_id), 'offer'), regexp_replace(e.message, '^.*(resets.*)$', '\1'))
    from leadgen.events e where e.offer_id = v_route.offer_id);
end;
$$;
select is(pg_temp.subject(span), expected, format('warn_of_limit: once in each %s', span))
from (values
  ('month', 'offer month 2026-11 | resets 2026-12-01T06:00:00Z (00:00 America/Chicago)'),
  ('minutes:15', 'offer minutes:15 2026-11-20T16:00Z | resets 2026-11-20T16:15:00Z (10:15 America/Chicago)'),
  ('fri', 'offer fri 2026-11-20T06:00Z | resets 2026-11-21T06:00:00Z (00:00 America/Chicago)')) as t (span, expected);

select is(count(*), 0::bigint, 'nothing personal: no name, phone or e-mail of a lead') from leadgen.events e
  where concat_ws(' ', e.message, e.facts) ~* '(john|@|\+1512)';

select * from finish();
rollback;
