-- find_quota_fault: how many sales a buyer may return in a calendar window of the enrollment, by number and by share.
begin;
select plan(17);
select testkit.at_time('2026-11-20T16:00:00Z');

-- The quota, by the numbers; of the month in the enrollment's zone.
create temp table five as select testkit.open_offer('{"returns": {"quota": {"count": 2}}}', 'Ace') as offer_id;
create temp table s5 as select n, testkit.sell_delivered(offer_id, n) as id from five, generate_series(1, 6) n;
select is(market.find_quota_fault(testkit.sale(id)), null, 'find_quota_fault: none yet') from s5 where n = 1;
select testkit.ask(id) from s5 where n < 3 order by n;
select is(market.find_quota_fault(testkit.sale(id)), '2 of 2 returns of sales in November 2026', 'find_quota_fault: with the numbers')
from s5 where n = 3;
select is(testkit.refusal(id), 'LG409 quota', 'a return over the quota is refused') from s5 where n = 3;
select is(testkit.detail_of(format('select roads.request_return(%s, %L, null, %L)', id, 'other', 'api')) ->> 'found',
  '2 of 2 returns of sales in November 2026', 'the fault counts the returns') from s5 where n = 3;
select is(testkit.tell_return(id), 'accepted | accepted |', 'a refused return is not stored') from s5 where n = 3;
select is(leadgen.return_sale(id, 'other', 'goodwill')::text, 'returned', 'the operator may all the same') from s5 where n = 3;
select is(testkit.tell_return(id), format('returned released | validated held | approved operator %s', session_user),
  'the operator who returned it is named')
from s5 where n = 3;
select matches(market.find_quota_fault(testkit.sale(id)), '^3 of 2', 'a return by the operator counts as well') from s5 where n = 4;
select is(leadgen.return_sale(id, 'other')::text, 'returned', 'return_sale: what is returned stays so') from s5 where n = 3;
select testkit.at_time('2026-12-01T05:59:59Z');
create temp table s6 as select testkit.sell_delivered(offer_id, 7) as id from five;
select is(testkit.refusal(id), 'LG409 quota', 'the last second of November in Austin') from s6;
select testkit.at_time('2026-12-01T06:00:00Z');
create temp table s7 as select testkit.sell_delivered(offer_id, 8) as id from five;
select is(testkit.ask(id), 'returned approved unreachable', 'December has a quota of its own') from s7;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table weekly as select testkit.open_offer('{"returns": {"quota": {"count": 1, "cycle": "week"}}}', 'Ace') as offer_id;
create temp table s8 as select n, testkit.sell_delivered(offer_id, n) as id from weekly, generate_series(1, 2) n;
select testkit.ask(id) from s8 where n = 1;
select is(market.find_quota_fault(testkit.sale(id)), '1 of 1 returns of sales in the week of 2026-11-16', 'a quota of the week')
from s8 where n = 2;
select testkit.at_time('2026-11-23T06:00:00Z');
select is(testkit.ask(testkit.sell_delivered(offer_id, 3)), 'returned approved unreachable', 'the week of the quota ends on Sunday')
from weekly;
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table share as select testkit.open_offer('{"returns": {"quota": {"percent": 34}}}', 'Ace') as offer_id;
create temp table s9 as select n, testkit.sell_delivered(offer_id, n) as id from share, generate_series(1, 2) n;
select is(market.find_quota_fault(testkit.sale(id)), '0 of 0 returns of 2 sales in November 2026', 'percent: 34 % of 2 sales are none')
from s9 where n = 1;
select testkit.sell_delivered(offer_id, 3) from share;
select is(testkit.ask(id), 'returned approved unreachable', 'percent: of 3 sales one') from s9 where n = 1;
select is(market.find_quota_fault(testkit.sale(id)), '1 of 1 returns of 3 sales in November 2026',
  'percent: and no second; a returned sale is a sale')
from s9 where n = 2;
create temp table s9b as select testkit.sell_lead(offer_id, 4) as id from share;
update leadgen.lead_assignments a set outcome = 'failed', release_due_at = leadgen.clock() from s9b where s9b.id = a.id;
select matches(market.find_quota_fault(testkit.sale(id)), ' of 3 sales ', 'percent: what never arrived is no sale') from s9 where n = 2;

select * from finish();
rollback;
