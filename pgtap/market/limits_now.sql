-- market.list_used_limits, announce_limits: caps and budgets that are nearly used up, or are, said once a window.
begin;
select plan(9);

select testkit.at_time('2026-11-20 10:00 America/Chicago');
select testkit.open_offer('{}', 'Dora', 'Ace');

create temp view limits as
select l.code, l.used, l.cap, l.is_full from market.list_used_limits(leadgen.clock()) l;

select is_empty('select * from limits', 'a cap of which nothing is used is not told');
select is(market.announce_limits(), 0, 'nothing is announced before anything is used');

select testkit.given_lead('homeowner');
select leadgen.submit_lead(testkit.given_lead('homeowner'));
select results_eq('select * from limits', $$values ('cap_day', 1::numeric, 1::numeric, true)$$, 'a cap of one that is used is full');
select is(market.announce_limits(), 1, 'a cap that is used up is announced');
select is(market.announce_limits(), 0, 'it is announced once in its window');
select results_eq($$select e.kind, e.buyer_id = testkit.buyer('Dora'), e.facts ->> 'code'
  from leadgen.events e where e.kind = 'limit_reached'$$,
  $$values ('limit_reached', true, 'cap_day')$$, 'the event names the buyer and the limit');

select testkit.at_time('2026-11-21 10:00 America/Chicago');
select is_empty('select * from limits', 'in the next window it is not used');

update leadgen.buyer_offers set budget_per_day = 100 where id = testkit.enrollment('Ace');
select leadgen.submit_lead(testkit.given_lead('homeowner'));
select leadgen.submit_lead(testkit.given_lead('homeowner'));
select is((select l.is_full from limits l where l.code = 'budget_day'), null,
  'a budget of which less than the warning line is used is not told');
select leadgen.submit_lead(testkit.given_lead('homeowner'));
select is((select l.is_full from limits l where l.code = 'budget_day'), true, 'a budget with no room for one more lead is full');

select * from finish();
rollback;
