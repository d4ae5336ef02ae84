-- count_misses: why an enrollment got leads or did not, in numbers of its buyer alone.
begin;
select plan(13);

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

-- The registry says what can be a reason; a check that is added is of others until somebody says that it is the buyer's own.
select is(array_agg(k.code order by k.position) filter (where portal.name_miss(k.code) <> 'others'),
  '{enrollment_inactive,buyer_inactive,no_channel,paused,outside_schedule,outside_calling_hours,no_calling_consent,
    outside_service_area,filters,already_had_lead,bought_contact_before,suppressed_for_buyer,minimum_balance,funds,credit}'::text[],
  'what tells of others, or of the house, is told as others')
from leadgen.candidate_checks k;
select is(portal.name_miss(format('offer_%s', code)), 'others', format('a %s of the offer is not the buyer''s', code))
from (values ('cap_day'), ('budget_month')) as t (code);
select is((select array_agg(k order by k) from jsonb_object_keys(portal.count_misses(buyer_offer_id, leadgen.clock())) k),
  '{bought,is_cut,judged,misses,spent}'::text[], 'a week says no more than its numbers')
from first_buyer;
create temp table second_buyer as
select e.id as buyer_offer_id
from again join leadgen.buyer_offers e using (offer_id)
where e.id not in (select f.buyer_offer_id from first_buyer f);
select identity.act_as('buyer', testkit.buyer_of(buyer_offer_id)) from second_buyer;
select unalike(portal.count_misses(buyer_offer_id, leadgen.clock())::text, '%70.00%', 'what another pays is not told') from second_buyer;

select * from finish();
rollback;
