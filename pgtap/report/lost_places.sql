-- What was not sold, why, what it would have brought, and who came nearest to buying.
begin;
select plan(19);
select testkit.at_time('2026-11-21T15:30:00Z');
create temp table ids as select testkit.open_offer('{"max_buyers": 3, "hold_hours": 1}', 'Ace', 'Dora') as offer_id;
select testkit.submit(offer_id, '{}', 1) from ids;

select is((l.sales, l.revenue, l.first_price)::text, '(2,90.00,45.00)', 'a lead brought what all its sales brought') from report.leads l;
select is(count(*), 0::bigint, 'a place that no candidate was left for has lost no price') from report.unsold u where u.came_money_lost > 0;
select testkit.submit(offer_id, '{}', 2) from ids;
select is(array_agg(format('%s %s %s %s', u.reason, u.buyer, u.came_places, u.came_money_lost)), '{"cap_day Dora 1 45.00"}',
  'a place of a shared lead that a full buyer left is lost at its price') from report.unsold u;

create temp table alone as select testkit.open_offer('{"hold_hours": 1}', 'Dora') as offer_id;
create temp view here as
select u.* from report.unsold u join leadgen.offers o on o.slug = u.offer join alone a on a.offer_id = o.id;
select testkit.submit(offer_id, '{}', 3) from alone;
select testkit.submit(offer_id, '{}', 4) from alone;
select is(l.is_held, true, 'the second lead is held') from report.leads l order by l.lead_id desc limit 1;
select is(count(*), 0::bigint, 'a lead that is held has lost nothing') from here;
select testkit.at_time('2026-11-21T17:30:00Z');
select testkit.work_holds();
select is((h.reason, h.buyer, h.came_leads, h.came_money_lost)::text, '(cap_day,Dora,1,45.00)', 'it has once its hold is over') from here h;
select is(f.came_held, 0::numeric, 'the funnel holds it no more') from report.funnel f where f.came_received = 2 and f.came_sold = 1;

select is(array_agg(format('%s %s %s', s.buyer, s.came_offered, s.came_won) order by s.buyer, s.came_won),
  '{"Ace 2 2","Dora 2 1","Dora 2 1"}', 'a scorecard says how often a buyer was a candidate, and how often it won')
from report.buyer_scorecard s;
select is(array_agg(distinct s.came_lost_to::text), '{"{\"cap_day\": 1}"}', 'it says to which checks it lost')
from report.buyer_scorecard s where s.buyer = 'Dora';
select is(array_agg(distinct s.sold_fill_percent), '{100.0}', 'it says how far the sales of the day fill the cap')
from report.buyer_scorecard s where s.buyer = 'Dora';

create temp table strict as select testkit.make_offer('{"min_message_length": 30}', '{}') as offer_id;
select testkit.submit(offer_id, '{"message": "short"}', 5) from strict;
select is((r.code, r.came_rejected)::text, '(message_too_short,1)', 'rejections are counted by their first rule')
from report.rejection_reasons r;
select is(count(*), 0::bigint, 'a rejected lead has no price to lose') from report.unsold u where u.reason = 'message_too_short';
select is(array_agg(distinct l.limit_code), '{cap_day}', 'limits has each cap of an enrollment') from report.limits l;
select is(r.came_worth, null, 'what rejected leads were worth is not known without a valid lead of their offer and day')
from report.rejection_reasons r;
select testkit.enroll(offer_id, '{"price_per_lead": 60, "budget_per_day": 240}') from strict;
select testkit.submit(offer_id, '{"message": "Water everywhere, in all rooms of it"}', 6) from strict;
select is(r.came_worth, 60.00, 'they were worth what as many valid leads of their offer brought that day')
from report.rejection_reasons r;
select is(s.sold_budget_percent, 25.0, 'a scorecard says how far the sales of the day fill the budget')
from report.buyer_scorecard s where s.sold_budget_percent is not null;
select is(array_agg(distinct u.remedy), '{"A higher cap or budget of the enrollment, or another buyer."}',
  'an unsold place says what would have sold it') from report.unsold u where u.reason = 'cap_day';
select is(array_agg(k.reason), null, 'each reason for which a candidate may lose says what would have sold the lead')
from unnest(catalog.list_reasons()) k (reason) where not exists (
  select from report.reasons r where r.reason = k.reason and r.remedy is not null);
create temp table capped as select testkit.open_offer('{"caps": {"per_day": 3}}', 'Ace') as offer_id;
select is(array_agg(format('%s %s %s', l.limit_code, l.cap, coalesce(l.buyer, 'all'))), '{"offer_cap_day 3 all"}',
  'limits has the caps of a policy on its whole offer')
from report.limits l join leadgen.offers o on o.slug = l.offer join capped c on c.offer_id = o.id;
select * from finish();
rollback;
