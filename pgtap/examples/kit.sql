-- The rule author's kit itself: each assertion holds when it should and fails when it should; personas, catalogue, clock.
begin;
select plan(38);
select testkit.austin_roofing('{}', '{"max_buyers": 2}');
select testkit.at_time('2026-11-20 10:00 America/Chicago');
select is(leadgen.clock(), '2026-11-20T16:00:00Z'::timestamptz, 'at_time: with the name of a zone');

create function pg_temp.lead() returns jsonb language sql volatile as $$ select testkit.given_lead('out_of_town'); $$;
select check_test(testkit.expect_sold_to(pg_temp.lead(), 'Capitol Roofing', 'x'), true, 'expect_sold_to: it is');
select check_test(testkit.expect_sold_to(pg_temp.lead(), 'Hilltop Roofing', 'x'), false, 'expect_sold_to: another buyer');
select check_test(testkit.expect_sold_to(pg_temp.lead() - 'name', 'Capitol Roofing', 'x'), false, 'expect_sold_to: a rejected lead');
select check_test(testkit.expect_sold_to(testkit.given_lead(), 'Hilltop Roofing, Lakeside Roofing'), true, 'expect_sold_to: a shared sale');
select check_test(testkit.expect_sold_to(testkit.given_lead(), 'Lakeside Roofing, Hilltop Roofing'), false,
  'expect_sold_to: the order counts');
select check_test(testkit.expect_price(pg_temp.lead(), 45, 'x'), true, 'expect_price: it is');
select check_test(testkit.expect_price(pg_temp.lead(), 45.01, 'x'), false, 'expect_price: a cent more');
select check_test(testkit.expect_rejected(pg_temp.lead() - 'phone', 'field_required'), true, 'expect_rejected: it is');
select check_test(testkit.expect_rejected(pg_temp.lead() - 'phone', 'duplicate'), false, 'expect_rejected: for another code');
select check_test(testkit.expect_rejected(pg_temp.lead(), 'field_required'), false, 'expect_rejected: a sold lead');
update leadgen.buyer_offers set is_active = false where id = testkit.enrollment('Capitol Roofing');
select check_test(testkit.expect_unsold(pg_temp.lead(), 'outside_service_area'), true, 'expect_unsold: it is');
select check_test(testkit.expect_unsold(pg_temp.lead(), 'cap_day'), false, 'expect_unsold: for another reason');
select check_test(testkit.expect_unsold(pg_temp.lead() - 'phone', 'outside_service_area'), false, 'expect_unsold: a rejected lead');
select check_test(testkit.expect_price(pg_temp.lead(), 45), false, 'expect_price: an unsold lead');
select check_test(testkit.expect_sold_to(pg_temp.lead(), 'Capitol Roofing'), false, 'expect_sold_to: an unsold lead');

-- What a failure says: three tests each.
select check_test(testkit.expect('{"account": "Unsold: cap_day 1"}', 'a', 'b', 'x'), false, 'expect: the account follows a failure', 'x',
  E'        have: a\n        want: b\nUnsold: cap_day 1');
select check_test(testkit.expect('{"account": "Unsold: cap_day 1"}', 'a', 'a', 'x'), true, 'expect: and only a failure', 'x', '');
select check_test(testkit.expect(null, null, 'b', 'x'), false, 'expect: a submission without a lead', 'x',
  E'        have: NULL\n        want: b\nno lead was stored');
create temp table told as select testkit.hand_in(pg_temp.lead()) as j;
select is(j ->> 'account', concat_ws(E'\n',
  'Held until 2026-11-21T16:00:00Z, because: no buyer could take it: outside_service_area 2, enrollment_inactive 1',
  '  Hilltop Roofing: lost: outside_service_area', '  Lakeside Roofing: lost: outside_service_area',
    '  Capitol Roofing: lost: enrollment_inactive'),
  'hand_in: the account in words') from told;
select is(concat_ws('|', j ->> 'buyers', j ->> 'price', j ->> 'cause', j ->> 'code'), 'outside_service_area', 'hand_in: the cause')
  from told;

-- The catalogue.
select is((select array_agg(concat_ws(' ', b.name, coalesce(bo.price_per_lead, 45.00), bo.routing_priority) order by bo.id)
  from leadgen.buyer_offers bo
  join leadgen.buyers b on b.id = bo.buyer_id where bo.offer_id = testkit.offer()),
  '{"Hilltop Roofing 60.00 3","Lakeside Roofing 50.00 2","Capitol Roofing 45.00 1"}', 'austin_roofing: three named buyers');
select is(testkit.buyer('Capitol Roofing'), testkit.buyer_of(testkit.enrollment('Capitol Roofing')), 'buyer and enrollment by name');
select isnt(testkit.given_lead() ->> 'phone', testkit.given_lead() ->> 'phone', 'given_lead: each time another person');
select is(testkit.given_lead('renter', '{"postal_code": "78702"}') ->> 'postal_code', '78702', 'given_lead: fields override');
select is(testkit.persona('renter') -> 'attributes', '{"owns_home": false, "roof_age": 4}', 'persona: renter');
select throws_like($$select testkit.given_lead('landlord')$$, 'no persona landlord: there are %', 'persona: an unknown one is named');
select throws_like($$select testkit.enrollment('Nobody')$$, 'no buyer named Nobody in the offer', 'enrollment: an unknown buyer is named');
select set_config('testkit.offer_id', '', true);
select throws_like($$select testkit.given_lead()$$, 'no offer yet: start with %', 'offer: without a catalogue');
select is(testkit.tell(l.id), 'outside_service_area 2, enrollment_inactive 1, held', 'tell: an unsold lead')
  from leadgen.leads l order by l.id desc limit 1;
select is(testkit.work_holds() > 0, true, 'work_holds: the wakes of the catalogue');
select is(testkit.work_holds(), 0, 'work_holds: to the end');

select * from finish();
rollback;
