-- keep_used, keep_issued: what was sold or issued keeps what it was sold under; what only configures may go.
begin;
select plan(38);
set local client_min_messages = warning; -- truncate tells what it cascades to
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 0}', '{}', '{}') as offer_id;
create temp table seat as select testkit.enroll_buyer(offer_id, 'Ace') as id from ids;
create temp table sold as select testkit.buyer_of(id) as buyer_id from seat;
select testkit.submit(offer_id) from ids;
select leadgen.return_sale(a.id, 'other') from leadgen.lead_assignments a;

-- An offer that sold nothing, with all that configures it.
create temp table fresh as select testkit.make_offer('{}', '{}', '{}') as offer_id;
create temp table fresh_seat as select testkit.enroll_buyer(offer_id, 'Ace') as id from fresh;
create temp table fresh_buyer as select testkit.buyer_of(id) as id from fresh_seat;
select testkit.own(id, 'city', 'Waco') from fresh_seat;
select testkit.make_key(repeat('1', 64), jsonb_build_object('buyer_id', id)) from fresh_buyer;

create function pg_temp.named(p_table text) returns bigint language sql as $$
-- The row of a table that the sale stands on.
  select case p_table
    when 'markets' then o.market_id when 'verticals' then o.vertical_id when 'offers' then o.id when 'sources' then l.source_id
    when 'buyers' then l.buyer_id when 'validation_policies' then o.validation_policy_id
    when 'routing_policies' then o.routing_policy_id else o.pricing_policy_id end
  from leadgen.leads l join leadgen.offers o on o.id = l.offer_id;
$$;
create temp table tables as
select t.name
from unnest('{markets,verticals,offers,sources,buyers,validation_policies,routing_policies,pricing_policies}'::text[]) t (name);
grant select on tables, ids, sold, fresh, fresh_seat, fresh_buyer to public;
create temp table used as select t.name, pg_temp.named(t.name) as id from tables t;
grant select on used to public;

set local role leadgen_dba;
select is(testkit.fault_of(format('delete from leadgen.%I where id = %s', name, id)), 'LG409 id', format('DBA: %s: in use', name))
from used;
reset role;
select is(testkit.fault_of(format('delete from leadgen.%I where id = %s', name, id)), 'LG409 id', format('superuser: %s: in use', name))
from used;
select is(testkit.detail_of(format('delete from leadgen.buyers where id = %s', buyer_id)),
  '{"field": "id", "found": "in use by lead_assignments", "allowed": "a row that nothing refers to"}',
    'the detail says who refers to the buyer')
from sold;
create function pg_temp.hint(p_sql text) returns text language plpgsql as $$
declare
  v_hint text;
begin
  execute p_sql;
  return 'none';
exception
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end;
$$;
create temp table hint as
select buyer_id, pg_temp.hint(format('delete from leadgen.buyers where id = %s', buyer_id)) as words from sold;
select is(words, format('Switch it off instead: update leadgen.buyers set is_active = false where id = ''%s'';', buyer_id),
  'the hint says how to switch the buyer off') from hint;
select is(testkit.fault_of(substring(words from ': (.*)$')), 'none', 'the hint works as it is typed') from hint;
select is(b.is_active, false, 'the hint switches the buyer off') from leadgen.buyers b join sold on sold.buyer_id = b.id;
select is(testkit.fault_of('delete from leadgen.return_reasons where code = ''other'''), 'LG409 code', 'a reason that was given');
select is(testkit.fault_of('delete from leadgen.return_reasons where code = ''spam'''), 'none', 'a reason that was not');
select is(testkit.fault_of('delete from leadgen.sale_returns'), 'LG409', 'a return is not deleted');
select is(testkit.fault_of('truncate leadgen.sale_returns cascade'), 'LG409', 'returns are not truncated');

-- What only configures goes with it.
select is(testkit.fault_of(format('delete from leadgen.markets where id = %s', o.market_id)), 'LG409 id', 'a market that has an offer')
from fresh join leadgen.offers o on o.id = fresh.offer_id;
set local role leadgen_dba;
select lives_ok(format('delete from leadgen.buyers where id = %s', id), 'DBA: a buyer that bought nothing is deleted') from fresh_buyer;
reset role;
select is(array[(select count(*) from leadgen.buyer_offers bo join fresh_seat s using (id)),
  (select count(*) from leadgen.buyer_service_areas a join fresh_buyer b on b.id = a.buyer_id),
  (select count(*) from leadgen.offer_exclusivities e join fresh_buyer b on b.id = e.buyer_id),
  (select count(*) from leadgen.api_keys k join fresh_buyer b on b.id = k.buyer_id),
  (select count(*) from leadgen.endpoints e join fresh_buyer b on b.id = e.buyer_id)], array_fill(0::bigint, '{5}'),
  'with its enrollments, areas, exclusivities, keys and endpoints');
select is(testkit.fault_of(format('delete from leadgen.offers where id = %s', offer_id)), 'LG409 id', 'an offer that has a source')
from fresh;
set local role leadgen_dba;
select lives_ok(format('delete from leadgen.sources where offer_id = %s', offer_id), 'DBA: a source that brought nothing') from fresh;
select lives_ok(format('delete from leadgen.offers where id = %s', offer_id), 'DBA: then the offer that sold nothing') from fresh;
reset role;

-- Notices and invoices were issued.
create temp table told as select testkit.make_buyer() as id;
insert into leadgen.notices (market_id, buyer_id, kind) select 1, id, 'webhook.test' from told;
select is(testkit.detail_of(format('delete from leadgen.buyers where id = %s', id)) ->> 'found', 'in use by notices',
  'a buyer that was told something') from told;
create temp table paid as select testkit.paying_buyer('Pia') as id;
select leadgen.top_up(id, 100, 'in advance') from paid;
select is(testkit.detail_of(format('delete from leadgen.buyers where id = %s', id)) ->> 'found', 'in use by ledger_entries',
  'a buyer that has paid') from paid;
create temp table billed as select testkit.make_buyer() as id;
insert into leadgen.invoices (buyer_id, offer_id, period_start, period_end, due_date, invoice_number, kind)
select b.id, i.offer_id, '2026-11-01', '2026-12-01', '2026-12-15', d.number, d.kind
from billed b, ids i, (values ('I-1', 'invoice'), ('I-2', 'credit_note')) d (number, kind);
select is(testkit.detail_of(format('delete from leadgen.buyers where id = %s', id)) ->> 'found', 'in use by invoices',
  'a buyer that has an invoice, if only a draft') from billed;
select lives_ok($$delete from leadgen.invoices where invoice_number = 'I-2'$$, 'a draft of an invoice may go');
update leadgen.invoices set status = 'sent', series = 'I', year = 2026, number = 1, issued_at = now();
select is(testkit.fault_of('delete from leadgen.invoices'), 'LG409 status', 'keep_issued: an invoice that was sent stays');
select is(pg_temp.hint('delete from leadgen.invoices'),
  'Cancel it instead: select leadgen.cancel_invoice(''I-1'', ''why'');', 'keep_issued: it is cancelled');
select is(testkit.fault_of('truncate leadgen.invoices cascade'), 'LG409', 'invoices are not truncated');
select is(testkit.fault_of('truncate leadgen.buyers cascade'), 'LG409', 'invoices do not go when all buyers are truncated');

select * from finish();
rollback;
