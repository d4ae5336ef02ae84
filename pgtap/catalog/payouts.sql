-- Payout policies: how they are refused, compiled, versioned, and what follows from them.
begin;
select plan(25);

select is(testkit.policy_fault('payout', body), fault, format('%s: %s', left(body::text, 90), fault))
from (values
  ('{"price": 5}'::jsonb, 'none'),
  ('{"per": "sale", "price": 0, "percent_of_revenue": 40, "min_margin": -2, "min_margin_percent": 10}', 'none'),
  ('{"prices": [{"name": "n", "when": {"city": {"enum": ["Austin"]}}, "percent_of_revenue": 5}]}', 'none'),
  ('{}', 'LG423 rules'),
  ('{"min_margin": 3}', 'LG423 rules'),
  ('{"price": -1}', 'LG423 rules.price'),
  ('{"price": "5"}', 'LG423 rules.price'),
  ('{"price": 5, "prise": 5}', 'LG423 rules.prise'),
  ('{"per": "click", "price": 5}', 'LG423 rules.per'),
  ('{"percent_of_revenue": 100.1}', 'LG423 rules.percent_of_revenue'),
  ('{"price": 5, "min_margin_percent": 101}', 'LG423 rules.min_margin_percent'),
  ('{"price": 5, "prices": []}', 'LG423 rules.prices'),
  ('{"prices": [{"name": "n", "price": 5}]}', 'LG423 rules.prices[0]'),
  ('{"prices": [{"name": "n", "when": {"city": {"enum": ["Austin"]}}}]}', 'LG423 rules.prices[0]'),
  ('{"prices": [{"name": " ", "when": {"city": {"enum": ["Austin"]}}, "price": 5}]}', 'LG423 rules.prices[0].name'),
  ('{"prices": [{"name": "otherwise", "when": {"city": {"enum": ["Austin"]}}, "price": 5}]}', 'LG423 rules.prices[0].name'),
  ('{"prices": [{"name": "n", "when": {"nothing": {"enum": ["x"]}}, "price": 5}]}', 'LG423 rules.prices[0].when.nothing')
) as t (body, fault);

create temp table offer as select testkit.make_offer() as id;
create temp table policy as select testkit.pay_for(id, '{"price": 5}') as id from offer;
select throws_like('update leadgen.payout_policies set rules = ''{"per": "sale"}''',
  'rules: found nothing that is paid; allowed: price, percent_of_revenue or prices', 'a refusal names path, found and allowed');
update leadgen.payout_policies p set rules = '{"price": 6}' from policy where p.id = policy.id;
select is(p.version, 2, 'a new body is a new version') from leadgen.payout_policies p join policy using (id);
select is((h.version, h.changes)::text, '(2,"price: 5 -> 6")', 'its history says what changed')
from policy, leadgen.policy_history('payout', policy.id) h where h.version = 2;
select is(leadgen.roll_back_policy('payout', id, 1), 3, 'a rollback is a version of its own') from policy;
select is((p.compiled_rules).rules[1].amount, 5::numeric, 'what is compiled follows') from leadgen.payout_policies p join policy using (id);
select is(catalog.recompile(), 0, 'a deploy compiles it as it is');
select throws_ok(format('delete from leadgen.payout_policies where id = %s', id), 'LG409', null, 'a policy that a source has stays')
from policy;
delete from leadgen.catalog_changes where offer_id is not null;
create temp table dealt as select catalog.deal_out_changes();
select is(x.table_name, 'offers', 'an edit is dealt out to the offers of its sources')
from offer join leadgen.catalog_changes x on x.offer_id = offer.id;
select * from finish();
rollback;
