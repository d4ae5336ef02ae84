-- count_misses: why an enrollment got leads or did not, in numbers of its buyer alone.
begin;
select plan(10);

create temp table made as
select o.id as offer_id, testkit.enroll_buyer(o.id, 'Dora') as dora, testkit.enroll_buyer(o.id, 'Idle') as idle,
  testkit.enroll_buyer(o.id, 'Ace', '{"routing_priority": 9}', '{78799}') as ace
from (select testkit.make_offer('{"duplicate_window_hours": 0}') as id) o;
create function pg_temp.misses(p_enrollment_id bigint) returns text language sql as $$
  select string_agg(format('%s %s', m ->> 'reason', m ->> 'leads'), ', ' order by m ->> 'reason')
  from jsonb_array_elements(portal.count_misses(p_enrollment_id, leadgen.clock()) -> 'misses') m;
$$;
select testkit.submit(offer_id, p_number => n) from made, generate_series(1, 3) n;

select is(portal.count_misses(dora, leadgen.clock()) ->> 'judged', '0', 'nothing is told where the transaction acts for no buyer')
from made;
select identity.act_as('buyer', testkit.buyer_of(dora)) from made;
select is(portal.count_misses(dora, leadgen.clock()) ->> 'judged', '3', 'each lead that was judged counts once') from made;
select is(portal.count_misses(dora, leadgen.clock()) ->> 'bought', '1', 'what was bought is counted') from made;
select is(pg_temp.misses(dora), 'cap_day 2', 'a cap that was used up is named') from made;
select is(portal.count_misses(idle, leadgen.clock()) ->> 'judged', '0', 'of another buyer''s enrollment nothing is told') from made;
select identity.act_as('buyer', testkit.buyer_of(idle)) from made;
select is(pg_temp.misses(idle), 'enrollment_inactive 3', 'each buyer is told its own reason') from made;
select identity.act_as('buyer', testkit.buyer_of(ace)) from made;
select is(pg_temp.misses(ace), 'outside_service_area 3', 'an area that does not have the leads is named') from made;

create temp table again as select testkit.open_offer('{}', 'Best', 'Cole') as offer_id;
create temp table sold as select testkit.sell_lead(offer_id, 1) as id from again;
create temp table first_buyer as select a.buyer_offer_id from leadgen.lead_assignments a join sold s on s.id = a.id;
update leadgen.buyer_offers e set price_per_lead = 70 from first_buyer f where e.id = f.buyer_offer_id;
select leadgen.return_sale(id, 'unreachable') from sold;
select testkit.work_holds();
select identity.act_as('buyer', testkit.buyer_of(buyer_offer_id)) from first_buyer;
select is((portal.count_misses(buyer_offer_id, leadgen.clock()) ->> 'spent')::numeric, 45.00,
  'a lead cost what it was bought for, whatever it was offered for later')
from first_buyer;

select is(portal.name_miss(code), 'others', format('%s tells of others, or of the house', code))
from (values ('exclusive_to_other'), ('margin')) as t (code);

select * from finish();
rollback;
