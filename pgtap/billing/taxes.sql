-- Taxes: who pays which, rounded once a line, and taken back with what it was charged on.
begin;
select plan(16);
select testkit.at_time('2026-11-20 12:00+00');
create temp table o as select testkit.open_books() as id;
create temp table ace as select testkit.buyer('Ace') as id;
insert into leadgen.tax_rates (country, region, kind, rate, name, words, valid_from, valid_until)
values
  ('US', null, 'exempt', 0, 'Exempt', 'Exempt from sales tax.', '2000-01-01', null),
  ('DE', null, 'standard', 19, 'MwSt', null, '2007-01-01', '2026-06-30'),
  ('DE', null, 'standard', 20, 'MwSt', null, '2026-07-01', null),
  ('DE', null, 'reverse_charge', 0, 'Reverse charge', 'Reverse charge.', '2000-01-01', null),
  ('US', null, 'standard', 1, 'Federal', null, '2000-01-01', null);

create function pg_temp.tax(p_day date, p_row jsonb) returns text language plpgsql volatile as $$
begin
  update leadgen.buyers b set tax_country = p_row ->> 'country', tax_region = p_row ->> 'region', tax_id = p_row ->> 'id',
    is_tax_exempt = coalesce((p_row ->> 'exempt')::boolean, false)
  from ace where b.id = ace.id;
  return (select format('%s %s', t.name, t.rate::float8) from ace, billing.find_tax(ace.id, p_day) t);
end $$;
select is(pg_temp.tax(day::date, buyer::jsonb), tax, what)
from (values
  ('2026-11-20', '{"country": "US", "region": "US-TX"}', 'Sales tax 8.25', 'a region''s rate goes before its country''s'),
  ('2026-11-20', '{"country": "US", "region": "US-OR"}', 'Federal 1', 'a country''s rate where the region has none'),
  ('2026-11-20', '{"country": "US", "exempt": true}', 'Exempt 0', 'an exempt buyer'),
  ('2026-06-30', '{"country": "DE"}', 'MwSt 19', 'the last day of a rate'),
  ('2026-07-01', '{"country": "DE"}', 'MwSt 20', 'the first day of the next one'),
  ('2026-07-01', '{"country": "DE", "id": "DE123"}', 'Reverse charge 0', 'a buyer with a tax id, where there is reverse charge'),
  ('2026-07-01', '{"country": "DE", "id": "DE123", "exempt": true}', null, 'exempt, and no row for it'),
  ('2026-11-20', '{"country": "FR"}', null, 'no row for its country'),
  ('2026-11-20', '{}', null, 'no country')
) as t (day, buyer, tax, what);
select is(testkit.fault_of($$insert into leadgen.tax_rates (country, kind, rate, name) values ('DE', 'exempt', 3, 'x')$$), '23514',
  'who is exempt pays none');

-- 3 x 45.00 at 8.25: 3.7125 a line is 3.71 each, not 11.14 together.
update leadgen.buyers b set tax_country = 'US', tax_region = 'US-TX', tax_id = null, is_tax_exempt = false from ace where b.id = ace.id;
create temp table sold as select testkit.sell_leads(id, 3) as ids from o;
select is(testkit.bill('2026-11-23 06:00+00'), 'INV-2026-00001 sent 135.00+11.13 open 146.13', 'tax is rounded on each line');
select is(-e.amount, 11.13, 'the tax is booked') from leadgen.ledger_entries e where e.account = 'tax';

-- Given back in three parts: their tax is that of the whole, whatever each is rounded to.
select leadgen.refund_sale(ids[1], part, format('part-%s', part), 'a part') from sold, unnest(array[10.01, 14.98, 20.01]) part;
select matches(testkit.bill('2026-11-30 06:00+00'), 'CN-2026-00001 paid 45.00[+]3.71 open 0$', 'the tax of the parts is that of the whole');
select is(array_agg(l.tax_amount order by l.position), '{0.82,1.24,1.65}', 'each part is what the tax on the rest falls by')
from leadgen.invoice_lines l join leadgen.invoices i on i.id = l.invoice_id and i.kind = 'credit_note';
select is(sum(e.amount), -7.42, 'the tax of two leads is left') from leadgen.ledger_entries e where e.account = 'tax';
select is(count(*), 0::bigint, 'the invariants hold') from leadgen.list_broken_invariants();

select * from finish();
rollback;
