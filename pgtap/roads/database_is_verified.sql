-- list_broken_invariants: silent when all is well, and each kind of corruption is found. Planted with triggers switched off.
begin;
select plan(109);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}',
  '{"max_buyers": 2, "caps": {"per_day": 100, "per_month": 1000, "budget_per_day": 10000}}',
  '{"exclusivity_premium": {"percent": 10}}') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8, "percent_of_revenue": 10}') from ids;
create temp table seats as select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_hour": 50, "capacity_per_day": 5,
  "capacity_per_week": 50, "capacity_per_month": 50, "budget_per_day": 5000, "budget_per_month": 5000, "routing_priority": 2}') as a,
  testkit.enroll_buyer(offer_id, 'Best') as b from ids;
select testkit.own(b, 'city', 'Waco') from seats;
create temp table leads as
select n, (testkit.submit(offer_id,
  case n when 4 then '{"name": null}' when 5 then '{"city": "Waco", "postal_code": "76701"}' else '{}' end::jsonb,
    n) ->> 'lead_id')::bigint as id
from ids, generate_series(1, 5) n;
select testkit.at_time('2026-11-20T16:00:01Z');
select leadgen.return_sale(a.id, 'wrong_number') from leadgen.lead_assignments a join leads l on l.id = a.lead_id where l.n = 1;
select testkit.at_time('2026-11-20T16:00:02Z');
insert into leads select 6, (testkit.submit(offer_id, '{}', 6) ->> 'lead_id')::bigint from ids;
create temp table claims as select * from leadgen.claim_deliveries('w', testkit.room(3), '30 seconds');
create temp table recorded as select r.* from (select jsonb_agg(jsonb_build_object('delivery_id', delivery_id, 'lease_token',
  lease_token, 'started_at', '2026-11-20T16:00:00Z',
  'outcome', 'delivered', 'latency_ms', 1)) as results from claims) x, leadgen.record_attempts(results, 3, '1 second') r;

update leadgen.billing_settings set company = 'Acme Leads';
insert into leadgen.tax_rates (country, rate, name) values ('US', 8.25, 'Sales tax');
update leadgen.buyers set tax_country = 'US', notice_emails = false;
select leadgen.invoice_buyer(id, null, true) from leadgen.buyers;

select leadgen.add_payment(testkit.buyer_of(a), 10, 'check', 'check 1') from seats;
select leadgen.refund_payment(p.id, 4, 'refund 1', 'asked for it') from leadgen.payments p;

select leadgen.run_chore('follow_billing') from generate_series(1, 10);

select is_empty('select * from leadgen.list_broken_invariants()', 'a good database: nothing to report');
select is((select count(*) from leadgen.lead_assignments), 9::bigint, 'though there is much to look at');

create function pg_temp.planted(p_sql text) returns text[] language plpgsql as $$
-- Plants a corruption, looks, and takes it back. Triggers are off meanwhile.
declare
  v_found text[];
begin
  execute p_sql;
  v_found := array(select distinct concat_ws(' ', i.rule, case when i.detail is null then 'without detail' end)
    from leadgen.list_broken_invariants() i order by 1);
  raise exception using errcode = 'P9999', message = v_found::text;
exception
  when sqlstate 'P9999' then
    return sqlerrm::text[];
end;
$$;
create temp table faults (rule text, what text, sql text);
insert into faults values
  ('cap_never_exceeded', 'sold past a cap of the day',
    $$update leadgen.lead_decisions set limit_uses[2] = 5 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold past a cap of the hour',
    $$update leadgen.lead_decisions set limit_uses[1] = 50 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold past a cap of the week',
    $$update leadgen.lead_decisions set limit_uses[3] = 50 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold past a cap of the month',
    $$update leadgen.lead_decisions set limit_uses[4] = 50 where winners[1] = 1$$),
  ('cap_never_exceeded', 'sold by a cap that nobody counted',
    $$update leadgen.lead_decisions set limit_uses[3] = null where winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that read too few uses',
    $$update leadgen.lead_decisions set limit_uses[2] = 0 where winners[1] = 1$$),
  ('usage_counts_sales', 'a sale that was not counted',
    $$delete from leadgen.lead_assignments where id = (select min(id) from leadgen.lead_assignments)$$),
  ('usage_row_is_true', 'a counter that forgot', $$update leadgen.enrollment_usage set sales[2] = sales[2] - 1$$),
  ('usage_counts_sales', 'a decision that read too little spent',
    $$update leadgen.lead_decisions set limit_uses[5] = 0 where winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that read too much spent',
    $$update leadgen.lead_decisions set limit_uses[6] = 1000
      where winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that counted a sale returned before it',
    $$update leadgen.lead_decisions set limit_uses[2] = 3
      where lead_id = (select id from pg_temp.leads where n = 6) and winners[1] = 1$$),
  ('usage_counts_sales', 'a decision that forgot a sale returned after it',
    $$update leadgen.lead_decisions set limit_uses[2] = 1
      where lead_id = (select id from pg_temp.leads where n = 3) and winners[1] = 1$$),
  ('budget_never_exceeded', 'sold past a budget of the day',
    $$update leadgen.lead_decisions set limit_uses[5] = 4990 where winners[1] = 1$$),
  ('budget_never_exceeded', 'sold past a budget of the month',
    $$update leadgen.lead_decisions set limit_uses[6] = 4990
      where winners[1] = 1$$),
  ('offer_cap_never_exceeded', 'sold past a cap of the offer', $$update leadgen.lead_decisions set limit_uses[7] = 100$$),
  ('offer_cap_never_exceeded', 'two sales where one was left',
    $$update leadgen.lead_decisions set limit_uses[8] = 999$$),
  ('offer_budget_never_exceeded', 'sold past the offer''s budget',
    $$update leadgen.lead_decisions set limit_uses[9] = 9911$$),
  ('usage_row_is_true', 'a sum that forgot', $$update leadgen.enrollment_usage set money[2] = money[2] - 1$$),
  ('usage_row_is_true', 'a returned sale that still counts', $$update leadgen.enrollment_usage set sales[2] = sales[2] + 1$$),
  ('usage_row_is_true', 'a sale that is returned and counts', $$update leadgen.lead_assignments set released_at = null$$),
  ('usage_row_is_true', 'a counter of the offer that forgot', $$update leadgen.offer_usage set sales[4] = sales[4] - 1$$),
  ('usage_row_is_true', 'a sum of the offer that forgot', $$update leadgen.offer_usage set money[4] = 0$$),
  ('at_most_max_buyers', 'a lead that three have',
    $$insert into leadgen.lead_assignments (market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price,
      currency, price_steps)
      select market_id, lead_id, (select max(id) from leadgen.lead_decisions), offer_id, 0, buyer_offer_id, is_exclusive, price, currency,
        price_steps from leadgen.lead_assignments limit 1$$),
  ('sale_has_one_state', 'released and accepted', $$update leadgen.lead_assignments set released_at = now()
    where outcome = 'accepted'$$),
  ('sale_has_one_state', 'accepted and due to be released', $$update leadgen.lead_assignments set release_due_at = now()
    where outcome = 'accepted'$$),
  ('sale_has_one_state', 'released and due to be', $$update leadgen.lead_assignments set release_due_at = now()
    where outcome = 'returned'$$),
  ('sale_has_one_state', 'lapsed, and it stands', $$update leadgen.lead_assignments set outcome = 'lapsed'
    where outcome = 'pending'$$),
  ('sale_has_its_times', 'accepted at no time', $$update leadgen.lead_assignments set accepted_at = null$$),
  ('sale_has_its_times', 'delivered at no time', $$update leadgen.lead_assignments set delivered_at = null$$),
  ('sale_has_its_times', 'lapsed though it was accepted', $$update leadgen.lead_assignments set outcome = 'lapsed'
    where outcome = 'accepted'$$),
  ('lead_names_its_policies', 'another routing policy',
    $$update leadgen.leads set routing_policy_id = routing_policy_id + 1$$),
  ('lead_names_its_policies', 'a pricing policy of another version',
    $$update leadgen.leads set pricing_policy_version = pricing_policy_version + 1$$),
  ('returned_sale_has_return', 'returned by nobody', $$delete from leadgen.sale_returns$$),
  ('nothing_of_a_released_sale_is_sent', 'still being delivered',
    $$update leadgen.deliveries set status = 'pending', next_attempt_at = now() where status = 'cancelled'$$),
  ('valid_lead_is_sold_or_explained', 'returned by all and not explained', $$update leadgen.leads set unsold_reason = null
    where rejection_reason is null$$),
  ('valid_lead_is_sold_or_explained', 'rejected though somebody has it', $$update leadgen.leads set status = 'rejected',
    rejection_reason = 'returned' where status = 'accepted'$$),
  ('at_most_max_buyers', 'a third sale of a lead',
    $$insert into leadgen.lead_assignments (market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price,
      currency, price_steps)
      select market_id, lead_id, decision_id, offer_id, 0, buyer_offer_id, is_exclusive, price, currency, price_steps
        from leadgen.lead_assignments limit 1$$),
  ('decision_replays', 'a reason that does not follow from the numbers', $$update leadgen.lead_decisions set reasons[1] = 'paused'$$),
  ('decision_replays', 'a ranking that does not', $$update leadgen.lead_decisions set ranking = '{2,1}' where ranking = '{1,2}'$$),
  ('decision_replays', 'an exclusive buyer that does not', $$update leadgen.lead_decisions set exclusive_buyer_id = 1
    where exclusive_buyer_id is null$$),
  ('winners_are_sales', 'a sale to who did not win', $$update leadgen.lead_decisions set winners = '{2}' where winners = '{1,2}'$$),
  ('winners_are_sales', 'a winner without sale', $$delete from leadgen.lead_assignments where id = (select max(id)
    from leadgen.lead_assignments)$$),
  ('decision_replays', 'another price', $$update leadgen.lead_assignments set price = price + 0.01$$),
  ('decision_replays', 'other steps', $$update leadgen.lead_assignments set price_steps = '[]'$$),
  ('decision_replays', 'a premium for who owned nothing', $$update leadgen.lead_assignments set is_exclusive = not is_exclusive$$),
  ('decision_replays', 'a premium that does not give the price',
    $$update leadgen.lead_decisions set adjustments[1].percent = 11$$),
  ('sale_has_deliveries', 'a sale without delivery', $$delete from leadgen.deliveries where id = (select max(id)
    from leadgen.deliveries)$$),
  ('lead_shows_first_sale', 'a lead with another price', $$update leadgen.leads set price = 1 where price is not null$$),
  ('lead_shows_first_sale', 'a lead with another buyer', $$update leadgen.leads set buyer_id = 0 where buyer_id is not null$$),
  ('lead_shows_first_sale', 'a lead with a buyer and no sale', $$update leadgen.leads set buyer_id = 1, price = 1 where buyer_id is null$$),
  ('valid_lead_is_sold_or_explained', 'neither sold nor explained', $$update leadgen.leads set buyer_id = null, price = null
    where buyer_id is not null$$),
  ('valid_lead_is_sold_or_explained', 'rejected without reason', $$update leadgen.leads set validation_reason = null
    where status = 'rejected'$$),
  ('valid_lead_is_sold_or_explained', 'valid without decision', $$delete from leadgen.lead_decisions where id = (select max(id)
    from leadgen.lead_decisions)$$),
  ('returns_are_settled', 'approved, and the sale stands', $$update leadgen.lead_assignments set outcome = 'accepted', accepted_at = now(),
    released_at = null where outcome = 'returned'$$),
  ('returns_are_settled', 'asked for, and the sale has ended', $$update leadgen.sale_returns set status = 'requested', decided_at = null$$),
  ('nothing_of_an_erased_lead_is_sent', 'erased and due', $$update leadgen.leads set name = '', email = '', phone = '', submitted = null,
    hold_until = null, erased_at = now()$$),
  ('nothing_of_an_erased_lead_is_sent', 'erased and known', $$update leadgen.leads set erased_at = now(), hold_until = null$$),
  ('nothing_of_an_erased_lead_is_sent', 'erased and held', $$update leadgen.leads set name = '', email = '', phone = '', submitted = null,
    hold_until = now(), erased_at = now() where id in (select lead_id from leadgen.deliveries where status = 'delivered')$$),
  ('attempts_are_logged', 'delivered without attempt', $$delete from leadgen.delivery_attempts$$),
  ('attempts_are_logged', 'dead though an attempt got through', $$update leadgen.deliveries set status = 'dead'
    where status = 'delivered'$$),
  ('delivery_has_endpoint', 'a delivery to an address that is none of its buyer''s',
    $$update leadgen.deliveries set target = 'https://x.example'$$),
  ('delivery_has_endpoint', 'a delivery by no endpoint', $$update leadgen.deliveries set endpoint_id = 0$$),
  ('delivery_has_one_state', 'delivered at no time', $$update leadgen.deliveries set finished_at = null where status = 'delivered'$$),
  ('delivery_has_one_state', 'sent again more often than tried', $$update leadgen.deliveries set attempts_before = attempts + 1$$),
  ('delivery_has_origin', 'a delivery of another lead', $$update leadgen.deliveries set lead_id = 0 where assignment_id is not null$$),
  ('attempt_has_delivery', 'an attempt at nothing', $$update leadgen.delivery_attempts set delivery_id = 0$$),
  ('enrollment_is_connected', 'an enrollment that is told by nothing', $$delete from leadgen.enrollment_endpoints$$),
  ('decision_has_lead', 'a decision of no lead',
    $$update leadgen.lead_decisions set lead_id = 0 where id = (select max(id) from leadgen.lead_decisions)$$),
  ('transaction_sums_to_zero', 'an entry of another amount', $$update leadgen.ledger_entries set amount = amount + 1 where position = 2$$),
  ('transaction_sums_to_zero', 'a transaction without an entry', $$delete from leadgen.ledger_entries where position = 2$$),
  ('transaction_sums_to_zero', 'an entry in another currency', $$update leadgen.ledger_entries set currency = 'EUR' where position = 2$$),
  ('balance_follows', 'a balance that does not follow', $$update leadgen.ledger_entries set balance_after = balance_after + 1$$),
  ('reversal_fits', 'another buyer has the money back',
    $$update leadgen.ledger_transactions set buyer_id = 0 where reverses_id is not null$$),
  ('reversal_fits', 'more is given back than was paid', $$update leadgen.ledger_entries set amount = 2 * amount
    where transaction_id in (select id from leadgen.ledger_transactions where reverses_id is not null)$$),
  ('sale_is_booked', 'a sale that is not booked', $$update leadgen.ledger_transactions set key = 'gone' where id =
    (select max(id) from leadgen.ledger_transactions where kind = 'sale')$$),
  ('sale_is_booked', 'a sale at another price', $$update leadgen.lead_assignments set price = price + 1$$),
  ('sale_is_booked', 'a return that gave nothing back', $$update leadgen.ledger_transactions set reverses_id = null$$),
  ('sale_is_booked', 'a booked sale of who is not billed', $$update leadgen.lead_assignments set billing_mode = 'none'$$),
  ('reserved_until_accepted', 'what is reserved is never earned', $$with a as (
    update leadgen.lead_assignments set acceptance = 'explicit', outcome = 'accepted', released_at = null where outcome = 'pending')
    update leadgen.ledger_entries e set account = 'buyer_reserved', buyer_id = (
      select t.buyer_id from leadgen.ledger_transactions t where t.id = e.transaction_id) where account = 'revenue'$$),
  ('cost_is_booked', 'a cost that is not booked', $$update leadgen.ledger_transactions set key = 'gone' where id =
    (select max(id) from leadgen.ledger_transactions where kind = 'cost' and key not like 'cost:lead%')$$),
  ('cost_is_booked', 'a sale that costs what its decision does not say', $$update leadgen.lead_assignments set cost = cost + 1$$),
  ('cost_is_booked', 'another source is owed', $$update leadgen.ledger_transactions set source_id = 0 where kind = 'cost'$$),
  ('cost_is_booked', 'an ended sale that is still owed', $$update leadgen.ledger_transactions set reverses_id = null
    where key like 'cost:end%'$$),
  ('lead_cost_is_booked', 'a lead that is not paid for', $$update leadgen.ledger_transactions set key = 'gone' where id =
    (select max(id) from leadgen.ledger_transactions where key like 'cost:lead:%')$$),
  ('lead_cost_is_booked', 'a lead that is paid for, and nobody has it', $$update leadgen.lead_assignments
    set released_at = now(), outcome = 'returned'$$),
  ('balance_is_its_sum', 'a balance that is written by hand', $$update leadgen.buyers set balance = balance + 1$$),
  ('balance_is_its_sum', 'what is owed, written by hand', $$update leadgen.buyers set receivable = receivable + 1$$),
  ('balance_is_its_sum', 'a buyer that is gone, and its money is not', $$insert into leadgen.ledger_entries
    (transaction_id, position, account, buyer_id, currency, amount, balance_after) values (0, 1, 'buyer_prepaid', 0, 'USD', -1, 1)$$),
  ('payment_is_booked', 'a payment that is not booked', $$update leadgen.payments set booked = 0$$),
  ('reversal_is_booked', 'a refund that is not booked', $$update leadgen.payment_reversals set booked = 0$$),
  ('cash_is_payments', 'more came than is booked', $$update leadgen.payments set booked = booked + 1, received = received + 1$$),
  ('books_balance', 'money from nowhere', $$update leadgen.ledger_entries set amount = amount + 1 where position = 2$$),
  ('revenue_is_sales', 'more was sold than is booked', $$update leadgen.lead_assignments set price = price + 1$$),
  ('invoice_adds_up', 'an invoice of another amount',
    $$update leadgen.invoices set amount_due = amount_due + 1, total_amount = total_amount + 1$$),
  ('invoice_line_is_booked', 'a line of another amount', $$update leadgen.invoice_lines set amount = amount + 1$$),
  ('invoice_tax_is_booked', 'tax that is not booked', $$update leadgen.ledger_transactions set key = 'gone' where key like 'invoice:%'
    and id = (select max(id) from leadgen.ledger_transactions where key like 'invoice:%')$$),
  ('invoice_numbers_without_gap', 'a number that was skipped', $$update leadgen.invoice_series set last_number = last_number + 1$$),
  ('billed_to_is_billed', 'a sale that no document will bill', $$delete from leadgen.invoice_lines where position = 1$$),
  ('payment_is_its_buyers', 'a payment of another buyer', $$update leadgen.payments set buyer_id = 0$$),
  ('billing_status_follows', 'a lead that is paid, though its sale is not', $$update leadgen.leads set billing_status = 'paid'
    where billing_status = 'billed'$$),
  ('billing_status_follows', 'a lead that is billed, though it is not yet or not any more',
    $$update leadgen.leads set billing_status = 'billed' where billing_status = 'refunded' or id = (
      select max(lead_id) from leadgen.lead_assignments where released_at is null)$$),
  ('replacement_is_booked', 'a lead that is owed for a sale that stands', $$insert into leadgen.replacements (created_at, market_id,
    offer_id, buyer_id, return_id, assignment_id, amount, currency) select now(), market_id, offer_id, buyer_id, 0, id, price, currency
    from leadgen.lead_assignments where outcome = 'accepted' limit 1$$),
  ('replacement_is_booked', 'a lead that is owed, though the money is back', $$insert into leadgen.replacements (created_at, market_id,
    offer_id, buyer_id, return_id, assignment_id, amount, currency) select now(), a.market_id, a.offer_id, a.buyer_id, r.id, a.id, a.price,
    a.currency from leadgen.lead_assignments a join leadgen.sale_returns r on r.assignment_id = a.id$$),
  ('replacements_are_counted', 'a buyer whose count is another', $$update leadgen.buyers set replacements = 1$$),
  ('closed_month_stands', 'a closed month with other totals', $$with c as (
    insert into leadgen.closed_periods (period, starts_at, ends_at, closed_at)
    values ('2026-11', '-infinity', '2026-12-01 00:00+00', '2026-12-02 00:00+00') returning period)
    insert into leadgen.closed_totals (period, account, currency, entries, debits, credits)
    select c.period, 'cash', 'USD', 1, 1, 0 from c$$);
-- Switched once: to switch for each fault would have every statement of the rules planned anew each time.
set local session_replication_role = replica;
select is(pg_temp.planted(sql) @> array[rule], true, format('%s: %s', rule, what)) from faults;

-- What the audit's own rules find: pgtap/audit/verify.sql.
select is(pg_temp.planted($$insert into leadgen.audit_entries (table_name, action) values ('offers', 'truncate')$$),
  '{audit_entry_added}', 'the audit is a part of it');
set local session_replication_role = origin;

-- Each rule that a check can name was proved to find its contrary; those of kept days are in tests/rollups.
select bag_eq($$select distinct named[1]
  from pg_proc p, regexp_matches(p.prosrc, '(?:select|then|else) ''([a-z]+(?:_[a-z]+)+)''', 'g') named
  where (p.proname like 'list\_broken\_%' or p.proname = 'list_differing_replays') and p.proargnames @> '{rule,detail}'
    and p.proname <> 'list_broken_days'$$,
    'select distinct rule from faults', 'every rule has its proof');

select * from finish();
rollback;
