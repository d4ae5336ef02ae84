-- what_if: eight leads of a morning, played again under each kind of change; every number worked out by hand.
begin;
select plan(74);

-- A: 60.00, first; B: 50.00, second; two a day each, in 78701. C: the offer's 45.00, in 78702. D is not enrolled.
create temp table ids as select testkit.make_offer('{"required_fields": ["message"], "duplicate_window_hours": 0}',
  '{"on_no_buyer": "reject"}') as offer_id;
create temp table seats as
select offer_id,
  testkit.enroll_buyer(offer_id, 'Ace', '{"price_per_lead": 60, "routing_priority": 3, "capacity_per_day": 2}', '{78701}') as a,
  testkit.enroll_buyer(offer_id, 'Best', '{"price_per_lead": 50, "routing_priority": 2, "capacity_per_day": 2}', '{78701}') as b,
  testkit.enroll_buyer(offer_id, 'Cole', '{}', '{78702}') as c,
  testkit.new_buyer('Dunn') as d
from ids;
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select d, o.market_id, 'postal_code', '78702' from seats join leadgen.offers o on o.id = seats.offer_id;

-- Lead n comes at 10:0n in Austin, of a roof of 5 n years; 6 has no message, 7 comes from 78702.
create temp table history as
select n, testkit.outcome(offer_id, '2026-11-20T16:00:00Z'::timestamptz + n * interval '1 minute',
  jsonb_build_object('attributes', jsonb_build_object('roof_age', 5 * n))
  || case n when 6 then '{"message": null}' when 7 then '{"postal_code": "78702"}' else '{}' end::jsonb) as outcome
from ids, generate_series(1, 8) n;
select is((select array_agg(outcome order by n) from history),
  '{"Ace 60.00","Ace 60.00","Best 50.00","Best 50.00","cap_day 2, outside_service_area 1","rejected: field_required","Cole 45.00",
    "cap_day 2, outside_service_area 1"}', 'the history has sold, unsold and rejected leads');

select testkit.at_time('2026-11-22T12:00:00Z');
create function pg_temp.play(p_changes jsonb, p_names boolean default true) returns jsonb language plpgsql as $$
-- In the changes A, B, C and D stand for the ids of the enrollments, and of the buyers in "with" and "without".
declare
  v_text text := p_changes::text;
begin
  select replace(replace(replace(replace(replace(v_text, '"Ace"', format('"%s"', a)), '"Best"', format('"%s"', b)), '"Cole"',
    format('"%s"', c)),
    '"buyer Ace"', testkit.buyer_of(a)::text), '"buyer Dunn"', d::text)
  into v_text from seats;
  return leadgen.what_if((select offer_id from ids), '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z', v_text::jsonb);
end;
$$;
create function pg_temp.tell(p_result jsonb, p_side text) returns text language sql as $$
  select format('%s sold, %s unsold, %s held, %s rejected: %s sales, %s (%s)', r ->> 'sold', r ->> 'unsold', r ->> 'held', r ->> 'rejected',
    r ->> 'sales', trim_scale((r ->> 'revenue')::numeric),
    (select string_agg(format('%s %s', b ->> 'buyer', b -> p_side ->> 'sales'), ' ' order by b ->> 'buyer')
      from jsonb_array_elements(p_result -> 'buyers') b
      where b -> p_side ->> 'sales' <> '0'))
  from (select p_result -> p_side as r) x;
$$;

create temp table nothing as select pg_temp.play('{}') as r;
select is(r -> 'is_identical', 'true', 'nothing changed: identical') from nothing;
select is(r ->> 'leads', '8', 'nothing changed: all leads') from nothing;
select is(r -> 'actual', r -> 'simulated', 'nothing changed: the same totals') from nothing;
select is(r -> 'moved', '{"same": 8, "gained": 0, "lost": 0, "other_buyer": 0, "other_price": 0}', 'nothing changed: no lead moved')
  from nothing;
select is(r -> 'examples', '[]', 'nothing changed: no examples') from nothing;
select is(pg_temp.tell(r, 'actual'), '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)',
  'the report sums up what happened')
  from nothing;
select is(r #> '{actual,unsold_by_cause}', '{"cap_day": 2}', 'the report counts the causes of unsold leads') from nothing;
select is(r #> '{actual,rejected_by_code}', '{"field_required": 1}', 'the report counts the codes of rejected leads') from nothing;
select is(r #>> '{actual,fill}', '0.7143', 'fill: five of seven valid leads') from nothing;
select is((select array_agg(concat_ws(' ', b ->> 'buyer', b #>> '{actual,share}', coalesce(b #>> '{actual,fill}',
  'unlimited')) order by b ->> 'buyer')
  from jsonb_array_elements(r -> 'buyers') b), '{"Ace 0.4000 1.0000","Best 0.4000 1.0000","Cole 0.2000 unlimited"}',
    'share of the sales, fill of the caps')
from nothing;
select is(r -> 'days', '[{"day": "2026-11-20", "actual": {"sold": 5, "revenue": 265.00}, "simulated": {"sold": 5, "revenue": 265.00}}]',
  'the report has each day')
from nothing;
select is(concat_ws(' ', r ->> 'currency', r ->> 'offer_id' = offer_id::text, r ->> 'changes'), 'USD t {}',
  'the report names currency, offer and changes')
  from nothing, ids;

create temp table tried (changes jsonb, expected text, moved text);
insert into tried values
  -- an enrollment's caps
  ('{"enrollments": {"Ace": {"capacity_per_day": 3}}}', '6 sold, 1 unsold, 0 held, 1 rejected: 6 sales, 325 (Ace 3 Best 2 Cole 1)',
    'gained 1 other_buyer 1'),
  ('{"enrollments": {"Ace": {"capacity_per_day": null}}}', '7 sold, 0 unsold, 0 held, 1 rejected: 7 sales, 405 (Ace 6 Cole 1)',
    'gained 2 other_buyer 2'),
  ('{"enrollments": {"Ace": {"capacity_per_day": 0}}}', '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 145 (Best 2 Cole 1)',
    'lost 2 other_buyer 2'),
  ('{"enrollments": {"Ace": {"capacity_per_hour": 1}}}', '4 sold, 3 unsold, 0 held, 1 rejected: 4 sales, 205 (Ace 1 Best 2 Cole 1)',
    'lost 1 other_buyer 1'),
  ('{"enrollments": {"Ace": {"capacity_per_day": null, "capacity_per_week": 1, "capacity_per_month": 1}}}',
    '4 sold, 3 unsold, 0 held, 1 rejected: 4 sales, 205 (Ace 1 Best 2 Cole 1)', 'lost 1 other_buyer 1'),
  ('{"enrollments": {"Ace": {"capacity_per_day": 2}}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', ''),
  -- its budgets, price, balance
  ('{"enrollments": {"Ace": {"budget_per_day": 60}}}', '4 sold, 3 unsold, 0 held, 1 rejected: 4 sales, 205 (Ace 1 Best 2 Cole 1)',
    'lost 1 other_buyer 1'),
  ('{"enrollments": {"Ace": {"budget_per_month": 119.99}}}', '4 sold, 3 unsold, 0 held, 1 rejected: 4 sales, 205 (Ace 1 Best 2 Cole 1)',
    'lost 1 other_buyer 1'),
  ('{"enrollments": {"Ace": {"price_per_lead": 40}}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 225 (Ace 2 Best 2 Cole 1)',
    'other_price 2'),
  ('{"enrollments": {"Ace": {"price_per_lead": null}}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 235 (Ace 2 Best 2 Cole 1)',
    'other_price 2'),
  ('{"enrollments": {"Ace": {"min_balance_required": 1}}}', '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 145 (Best 2 Cole 1)',
    'lost 2 other_buyer 2'),
  -- its place in the order
  ('{"enrollments": {"Best": {"routing_priority": 9}}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)',
    'other_buyer 4'),
  -- its hours: 10:01 is too early, then two for A
  ('{"enrollments": {"Ace": {"schedule": {"fri": [["10:02", "18:00"]]}}}}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', 'other_buyer 2'),
  ('{"enrollments": {"Ace": {"schedule": {"sat": [["10:02", "18:00"]]}}}}',
    '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 145 (Best 2 Cole 1)',
    'lost 2 other_buyer 2'),
  ('{"enrollments": {"Ace": {"schedule": null}}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', ''),
  -- its filters: 5 and 10 years are too new, 15 and 20 are not
  ('{"enrollments": {"Ace": {"filters": {"attributes.roof_age": {"minimum": 15}}}}}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)',
    'other_buyer 4'),
  ('{"enrollments": {"Cole": {"filters": {"city": {"enum": ["Waco"]}}}}}',
    '4 sold, 3 unsold, 0 held, 1 rejected: 4 sales, 220 (Ace 2 Best 2)',
    'lost 1'),
  ('{"enrollments": {"Ace": {"filters": null}}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', ''),
  -- its pause, off
  ('{"enrollments": {"Ace": {"pause_until": "2026-11-20T16:03:00Z"}}}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)',
    'other_buyer 4'),
  ('{"enrollments": {"Ace": {"is_active": false}}}', '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 145 (Best 2 Cole 1)',
    'lost 2 other_buyer 2'),
  -- a buyer gone, a buyer there: with areas of its own or given ones
  ('{"without": ["buyer Ace"]}', '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 145 (Best 2 Cole 1)', 'lost 2 other_buyer 2'),
  ('{"with": [{"buyer_id": "buyer Dunn", "price_per_lead": 70, "routing_priority": 9, "capacity_per_day": 1, "service_areas": ["787*"]}]}',
    '6 sold, 1 unsold, 0 held, 1 rejected: 6 sales, 335 (Ace 2 Best 2 Cole 1 Dunn 1)', 'gained 1 other_buyer 2'),
  ('{"with": [{"buyer_id": "buyer Dunn", "service_areas": ["Austin"]}]}',
    '7 sold, 0 unsold, 0 held, 1 rejected: 7 sales, 355 (Ace 2 Best 2 Cole 1 Dunn 2)', 'gained 2'),
  ('{"with": [{"buyer_id": "buyer Dunn", "service_areas": ["Waco", "78799"]}]}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', ''),
  ('{"with": [{"buyer_id": "buyer Dunn", "routing_priority": 9, "price_per_lead": 46}]}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 266 (Ace 2 Best 2 Dunn 1)',
    'other_buyer 1'),
  ('{"with": [{"buyer_id": "buyer Dunn", "service_areas": ["78701"], "filters": {"attributes.roof_age": {"minimum": 40}}}]}',
    '6 sold, 1 unsold, 0 held, 1 rejected: 6 sales, 310 (Ace 2 Best 2 Cole 1 Dunn 1)', 'gained 1'),
  -- validation, stricter and looser
  ('{"validation": {"field_rules": {"attributes.roof_age": {"type": "number", "minimum": 10}}}}',
    '5 sold, 1 unsold, 0 held, 2 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', 'gained 1 lost 1 other_buyer 1'),
  ('{"validation": {"required_fields": null}}', '5 sold, 3 unsold, 0 held, 0 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', ''),
  ('{"validation": {"required_fields": null}, "enrollments": {"Ace": {"capacity_per_day": null}}}',
    '8 sold, 0 unsold, 0 held, 0 rejected: 8 sales, 465 (Ace 7 Cole 1)', 'gained 3 other_buyer 2'),
  ('{"validation": {"allowed_postal_codes": ["78702"]}}', '1 sold, 0 unsold, 0 held, 7 rejected: 1 sales, 45 (Cole 1)', 'lost 4'),
  -- routing: who is first, how many, how much
  ('{"routing": {"strategy": "highest_price"}, "enrollments": {"Ace": {"price_per_lead": 40}}}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 225 (Ace 2 Best 2 Cole 1)', 'other_buyer 4'),
  ('{"routing": {"disclose": ["ip_address"]}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', ''),
  ('{"routing": {"strategy": "round_robin"}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', 'other_buyer 2'),
  ('{"routing": {"strategy": "least_filled"}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)',
    'other_buyer 2'),
  -- 1 to 3, in turn: B A B B B A
  ('{"routing": {"strategy": "weighted"}, "enrollments": {"Ace": {"weight": 1, "capacity_per_day": null},
    "Best": {"weight": 3, "capacity_per_day": null}}}',
    '7 sold, 0 unsold, 0 held, 1 rejected: 7 sales, 365 (Ace 2 Best 4 Cole 1)', 'gained 2 other_buyer 1'),
  ('{"routing": {"max_buyers": 2}}', '3 sold, 4 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)', 'lost 2 other_buyer 2'),
  ('{"routing": {"caps": {"per_day": 3}}}', '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 170 (Ace 2 Best 1)', 'lost 2'),
  ('{"routing": {"caps": {"per_hour": 0}}}', '0 sold, 7 unsold, 0 held, 1 rejected: 0 sales, 0 ()', 'lost 5'),
  ('{"routing": {"caps": {"budget_per_day": 170}}}', '3 sold, 4 unsold, 0 held, 1 rejected: 3 sales, 170 (Ace 2 Best 1)', 'lost 2'),
  ('{"routing": {"caps": {"budget_per_month": 215}}}', '4 sold, 3 unsold, 0 held, 1 rejected: 4 sales, 215 (Ace 2 Best 1 Cole 1)',
    'lost 1'),
  -- held instead of unsold: the next midnight both are sold to A; not when the hold is too short
  ('{"routing": {"on_no_buyer": "hold"}}', '7 sold, 0 unsold, 0 held, 1 rejected: 7 sales, 385 (Ace 4 Best 2 Cole 1)', 'gained 2'),
  ('{"routing": {"on_no_buyer": null}}', '7 sold, 0 unsold, 0 held, 1 rejected: 7 sales, 385 (Ace 4 Best 2 Cole 1)', 'gained 2'),
  ('{"routing": {"on_no_buyer": "hold", "hold_hours": 0.5}}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)',
    ''),
  -- B alone: two today, two at the next midnight, two at the one after
  ('{"routing": {"on_no_buyer": "hold", "hold_hours": 100}, "without": ["buyer Ace"]}',
    '7 sold, 0 unsold, 0 held, 1 rejected: 7 sales, 345 (Best 6 Cole 1)', 'gained 2 other_buyer 2'),
  -- price: leads 4 and 7 are of roofs of 20 and 35 years
  ('{"pricing": {"adjustments": [{"name": "old", "when": {"attributes.roof_age": {"minimum": 20}}, "amount": 10}]}}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 285 (Ace 2 Best 2 Cole 1)', 'other_price 2'),
  ('{"pricing": {"time_of_day": [{"name": "ten", "hours": {"fri": [["10:00", "10:03"]]}, "percent": 10}]}}',
    '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 277 (Ace 2 Best 2 Cole 1)', 'other_price 2'),
  ('{"default_price_per_lead": 55}', '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 275 (Ace 2 Best 2 Cole 1)', 'other_price 1');
create temp table played as select t.*, pg_temp.play(t.changes) as r from tried t;
select is(format('%s | %s', pg_temp.tell(p.r, 'simulated'),
  (select coalesce(string_agg(format('%s %s', m.key, m.value), ' ' order by m.key), '') from jsonb_each_text(p.r -> 'moved') m
    where m.key <> 'same' and m.value <> '0')),
  format('%s | %s', p.expected, p.moved), p.changes::text)
from played p;
select is((select array_agg(distinct pg_temp.tell(p.r, 'actual')) from played p),
  '{"5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)"}',
  'every what-if reports the same history');
select is((select array_agg(p.changes::text) from played p where (p.r ->> 'is_identical')::boolean <> (p.moved = '' and p.expected
  = '5 sold, 2 unsold, 0 held, 1 rejected: 5 sales, 265 (Ace 2 Best 2 Cole 1)')
  and p.changes <> '{"routing": {"on_no_buyer": "hold", "hold_hours": 0.5}}'),
  null, 'is_identical says so exactly where nothing came out differently');
select is((select concat_ws(' ', e #>> '{actual,0,buyer}', e #>> '{actual,0,price}', '->', e #>> '{simulated,0,buyer}',
  e #>> '{simulated,0,price}')
  from played p, jsonb_path_query_first(p.r, '$.examples[0]') e where p.changes = '{"enrollments": {"Ace": {"capacity_per_day": 0}}}'),
  'Ace 60.00 -> Best 50.00', 'an example: the first lead');

-- Fill is of the windows in which leads came, however long the period is.
select is((
    select string_agg(
      format('%s %s > %s', b ->> 'buyer', coalesce(b #>> '{actual,fill}', '-'), coalesce(b #>> '{simulated,fill}', '-')), ', '
      order by b ->> 'buyer')
    from jsonb_array_elements(leadgen.what_if(offer_id, '2026-10-23T05:00:00Z', '2026-11-22T06:00:00Z',
      jsonb_build_object('enrollments', jsonb_build_object(b_id, '{"capacity_per_day": 4}'::jsonb))) -> 'buyers') b),
  'Ace 1.0000 > 1.0000, Best 1.0000 > 1.0000, Cole - > -', 'fill: days without leads do not count')
from (select offer_id, b as b_id from seats) s;

-- Keys of duplicates: earlier leads are looked for anew, by how they come out here. Leads 9, 10 and 11 are of one mailbox
-- and two hours apart: by a window of three hours 10 is refused, so that 11 is measured by 9 and passes.
select testkit.outcome(offer_id, '2026-11-20T18:00:00Z'::timestamptz + hour * interval '1 hour',
  jsonb_build_object('email', email, 'postal_code', '78702'))
from ids, (values (0, 'j.doe@gmail.com'), (2, 'jdoe+a@gmail.com'), (4, 'j.d.oe@googlemail.com')) as t (hour, email);
select testkit.at_time('2026-11-22T12:00:00Z');
select is(pg_temp.play(jsonb_build_object('validation', rules)) #> '{simulated,rejected_by_code}',
  expected::jsonb, format('duplicates: %s', rules))
from (values
  ('{"duplicate_window_hours": 3}'::jsonb, '{"field_required": 1}'),
  ('{"duplicate_window_hours": 3, "duplicate_match": ["mailbox"]}', '{"duplicate": 1, "field_required": 1}'),
  ('{"duplicate_window_hours": 5, "duplicate_match": ["phone", "mailbox"]}', '{"duplicate": 2, "field_required": 1}'),
  ('{"duplicate_window_hours": 5, "duplicate_match": ["phone", "mailbox"], "duplicate_match_mode": "all"}', '{"field_required": 1}'),
  ('{"duplicate_window_hours": 2, "duplicate_match": ["mailbox"], "duplicate_scope": "global"}', '{"field_required": 1}')
) as t (rules, expected);
select is(testkit.fault_of(format($$select leadgen.what_if(%s, '2026-11-20', '2026-11-21',
  '{"validation": {"duplicate_match": ["post"]}}')$$, offer_id)),
  'LG423 changes.validation.duplicate_match[0]', 'duplicates: a field that cannot be compared') from ids;

-- What a lead was counted by, or told by the DNS, is what was found when it came: such keys are refused.
select is(testkit.fault_of(format($$select leadgen.what_if(%s, '2026-11-20', '2026-11-21', %L)$$, offer_id,
    jsonb_build_object(split_part(key, '.', 1), jsonb_build_object(split_part(key, '.', 2), value)))),
  format('LG423 changes.%s', key), format('refused: %s', key))
from ids, (values ('validation.max_per_ip_per_hour', '3'::jsonb),
  ('validation.max_per_phone_per_day', '3'), ('validation.mx_lookup_enabled', 'true'), ('routing.contact_window_days', '0')
) as t (key, value);

select * from finish();
rollback;
