-- What a source is owed in each currency, and a statement of it that is no longer than a page can hold.
begin;
select plan(9);
select testkit.at_time('2026-11-10 12:00+00');
create temp table ids as select testkit.open_offer('{}', 'Cole') as offer_id;
select testkit.pay_for(offer_id, '{"price": 8}') from ids;
create temp table source as select s.id from leadgen.sources s join ids using (offer_id);
select testkit.sell_lead(offer_id, n) from ids, generate_series(1, 2) n;
select testkit.at_time('2026-11-20 12:00+00');
select testkit.sell_lead(offer_id, 3) from ids;
select billing.post('cost', 'cost:abroad', 'EUR', array[('source_cost', null, source.id, null, 5)::billing.entry,
  ('source_payable', null, source.id, null, -5)::billing.entry], leadgen.clock()) from source;

create temp table page as select console.describe_source_money(id, '2026-11-15', null, null) as p from source;
select is(p ->> 'owed', '24.00', 'a source is owed so much in the currency of its market') from page;
select is(p -> 'others', '[{"owed": 5.00, "currency": "EUR"}]', 'what a source is owed in another currency is shown beside it')
from page;
select is(array_agg(format('%s %s', r ->> 'kind', r ->> 'balance') order by n), '{opening 16.00,cost 24.00,closing 24.00}',
  'a statement begins with what was owed before its days')
from page, jsonb_array_elements(p -> 'rows') with ordinality as t (r, n);

select is(billing.is_one_statement(id, '2026-11-01', '2026-12-01', 4), true, 'as many entries as a page holds are one statement')
from source;
select is(billing.is_one_statement(id, '2026-11-01', '2026-12-01', 3), false, 'one entry more is too many for one statement') from source;
select is(billing.is_one_statement(id, '2026-11-01', '2026-11-20', 2), true, 'entries after the period do not count') from source;
select is(testkit.fault_of(format($$select billing.check_source_movements(%s, '1970-01-01', '2026-12-01', 3)$$, id)), 'LG400 to',
  'a period in which more was booked than a page holds is refused')
from source;

create function pg_temp.plan(p_query text) returns setof text language plpgsql as $$
begin
  return query execute format('explain %s', p_query);
end;
$$;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
select is(bool_or(p like '%Index Only Scan using idx_ledger_entries_source%'), true, 'what a source is owed is summed in an index alone')
from pg_temp.plan($$select e.currency, -sum(e.amount) from leadgen.ledger_entries e
  where e.source_id = 1 and e.account = 'source_payable' group by e.currency$$) p;
select is(bool_or(p like '%idx_ledger_transactions_payout%'), true, 'payouts are found among payouts')
from pg_temp.plan($$select t.id from leadgen.ledger_transactions t where t.kind = 'payout' and t.id < 1000000
  order by t.id desc limit 50$$) p;
select * from finish();
rollback;
