-- What a lead costs, what each of its sales costs, and whether a price covers it.
begin;
select plan(24);

create function pg_temp.cost(p_rules jsonb, p_document jsonb default '{}', p_minute integer default 0) returns kernel.cost_terms
language sql as $$ select kernel.find_cost(catalog.compile_payout(p_rules), p_document, p_minute); $$;

select is(array[kernel.cost_sale(pg_temp.cost(rules), price, decimals), kernel.cost_lead(pg_temp.cost(rules), decimals)],
  array[sale, lead], format('%s: a sale for %s costs %s, and the lead %s once', rules, price, sale, lead))
from (values
  ('{"price": 5}'::jsonb, 45.00, 2, 0.00, 5.00),
  ('{"per": "lead", "price": 5}', 45.00, 2, 0.00, 5.00),
  ('{"per": "sale", "price": 5}', 45.00, 2, 5.00, 0),
  ('{"percent_of_revenue": 40}', 45.00, 2, 18.00, 0.00),
  ('{"percent_of_revenue": 33.3}', 10.00, 2, 3.33, 0.00),
  ('{"percent_of_revenue": 12.5}', 0.20, 2, 0.03, 0.00),
  ('{"price": 1.005, "percent_of_revenue": 10, "per": "sale"}', 0.10, 2, 1.02, 0),
  ('{"price": 5.4, "percent_of_revenue": 0.5, "per": "sale"}', 1500, 0, 13, 0),
  ('{"price": 5.5}', 1500, 0, 0, 6)
) as t (rules, price, decimals, sale, lead);

select is(kernel.cost_lead(pg_temp.cost('{"price": 5, "prices": [
    {"name": "urgent", "when": {"attributes.urgency": {"enum": ["today"]}}, "price": 12},
    {"name": "night", "hours": {"mon": [["00:00", "06:00"]]}, "price": 3}]}', document, minute), 2), cost, what)
from (values
  ('{"attributes": {"urgency": "today"}}'::jsonb, 30, 12.00, 'the first price whose conditions hold is paid'),
  ('{"attributes": {}}', 30, 3.00, 'a price of some hours is paid in them'),
  ('{"attributes": {}}', 360, 5.00, 'what is left is paid otherwise')
) as t (document, minute, cost, what);
select is(kernel.cost_lead(
  pg_temp.cost('{"prices": [{"name": "night", "hours": {"mon": [["00:00", "06:00"]]}, "price": 3}]}', '{}', 360), 2),
  0.00, 'a lead for which no price holds costs nothing');

select is(kernel.covers_cost(pg_temp.cost(rules), price, 2), covers, format('%s: a price of %s %s', rules, price,
  case when covers then 'covers it' else 'does not' end))
from (values
  ('{"price": 8}'::jsonb, 8.00, true), ('{"price": 8}', 7.99, false),
  ('{"price": 8, "min_margin": 3}', 11.00, true), ('{"price": 8, "min_margin": 3}', 10.99, false),
  ('{"price": 8, "min_margin": -1}', 7.00, true), ('{"price": 8, "min_margin": -1}', 6.99, false),
  ('{"percent_of_revenue": 90, "min_margin_percent": 10}', 50.00, true),
  ('{"percent_of_revenue": 90, "min_margin_percent": 10.1}', 50.00, false)
) as t (rules, price, covers);
select is(kernel.describe_margin(pg_temp.cost('{"price": 8, "min_margin": 3, "min_margin_percent": 10}'), 10, 2),
  'price 10.00, cost 8.00, margin at least 3.00', 'the numbers, with the larger of the two margins');
select is(kernel.covers_cost((8, 0, false, true, 3, null)::kernel.cost_terms, 3, 2), true,
  'a lead that another buyer has is paid for');
select is(kernel.covers_cost((8, 0, true, true, 3, null)::kernel.cost_terms, 10.99, 2), false,
  'each sale costs its price, whoever has the lead');
select * from finish();
rollback;
