-- judge_reason: a return whose reason the record knows is decided at once, though the policy leaves returns to an operator.
begin;
select plan(15);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table offer as
select testkit.open_offer('{"returns": {"auto_approve": false, "window_hours": 72}, "contact_window_days": 0}', 'Ace') as id;
create function pg_temp.sell(p_offer_id bigint, p_number integer, p_fields jsonb default '{}') returns bigint
language plpgsql as $$
declare
  v_answer constant jsonb := testkit.submit(p_offer_id, p_fields, p_number);
  v_id constant bigint := (select a.id from leadgen.lead_assignments a where a.lead_id = (v_answer ->> 'lead_id')::bigint);
begin
  perform market.settle_assignments(array[testkit.deliver(v_id)], null, null, leadgen.clock());
  return v_id;
end;
$$;
create temp table sales as select n, pg_temp.sell(offer.id, n) as id from offer cross join generate_series(1, 4) n order by n;
create function pg_temp.note(p_sale bigint) returns text language sql as $$
  select r.decision_note from leadgen.sale_returns r where r.assignment_id = p_sale order by r.id desc limit 1;
$$;

-- Bought before: the same person once more.
select testkit.at_time('2026-11-21T16:00:00Z');
create temp table again as select pg_temp.sell(id, 1) as id from offer;
select is(testkit.ask(id, 'duplicate'), 'returned approved duplicate', 'the buyer had bought the person: approved at once')
from again;
select is(pg_temp.note(again.id), format('it bought lead %s with the same phone at 2026-11-20T16:00:00+00:00', a.lead_id),
  'it says which lead')
from again, sales join leadgen.lead_assignments a on a.id = sales.id where sales.n = 1;
select is(r.decided_by, 'auto', 'nobody had to look') from leadgen.sale_returns r join again on again.id = r.assignment_id;
select is(testkit.ask(id, 'duplicate'), 'accepted requested duplicate', 'the first of them was none: an operator decides')
from sales where n = 1;

-- By e-mail alone; not what another buyer had, nor what never reached this one.
create temp table mailed as select pg_temp.sell(id, 2, '{"phone": "+15125550177"}') as id from offer;
select is((market.judge_reason(a, 'duplicate')).verdict, 'approved', 'the same e-mail address')
from leadgen.lead_assignments a join mailed using (id);
select matches((market.judge_reason(a, 'duplicate')).why, 'with the same e-mail address at 2026-11-20', 'it says by what')
from leadgen.lead_assignments a join mailed using (id);
create temp table other as select testkit.open_offer('{"returns": {"auto_approve": false}}', 'Best') as id;
create temp table others as select pg_temp.sell(id, 3) as id from other;
select is(testkit.ask(id, 'duplicate'), 'accepted requested duplicate', 'what another buyer had does not count') from others;

-- Where the lead is, the decision knows.
select is(testkit.ask(id, 'out_of_area'), 'accepted refused out_of_area', 'inside the area that it bought: refused at once')
from sales where n = 2;
select matches(pg_temp.note(id), 'postal code 78701 was in the area that it had bought', 'it says so') from sales where n = 2;
select is(testkit.return_events(offer.id) @> '{return_refused}', true, 'operators see it') from offer;
select is(testkit.ask(id, 'out_of_area'), 'accepted refused out_of_area', 'asked again, the same answer') from sales where n = 2;
select is(count(*), 1::bigint, 'asked again, no second return') from leadgen.sale_returns r join sales on sales.id = r.assignment_id
where sales.n = 2;
delete from leadgen.buyer_service_areas;
select is((market.judge_reason(a, 'out_of_area')).verdict, 'refused', 'the areas of today do not matter')
from leadgen.lead_assignments a join sales using (id) where sales.n = 3;

-- What only a person can tell waits, and so does what was erased.
select is(testkit.ask(id, 'wrong_number'), 'accepted requested wrong_number', 'an operator decides') from sales where n = 3;
create temp table gone as select pg_temp.sell(id, 4) as id from offer;
select leadgen.erase_lead(a.lead_id, 'asked') from leadgen.lead_assignments a join gone using (id);
select is((market.judge_reason(a, 'duplicate')).verdict, null, 'an erased lead is nobody''s duplicate')
from leadgen.lead_assignments a join gone using (id);
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select * from finish();
rollback;
