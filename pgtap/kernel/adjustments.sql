-- Pricing keys time_of_day and adjustments: compile_pricing, find_adjustments, compose_adjustments, price_sale, round_price.
begin;
select plan(89);

create function pg_temp.price(p_base numeric, p_rules jsonb, p_document jsonb default '{}', p_minute integer default 0,
  p_is_exclusive boolean default false, p_currency text default 'USD') returns kernel.price language sql as $$
  select kernel.price_sale(p_base, kernel.currency_minor_unit(p_currency), p_is_exclusive,
    kernel.find_adjustments(catalog.compile_pricing(p_rules), p_document, p_minute));
$$;
-- A small language for the cases below: named steps that always hold.
create function pg_temp.always(variadic p_steps text[]) returns jsonb language sql as $$
  select jsonb_build_object('adjustments', jsonb_agg(jsonb_build_object('name', format('s%s', n), 'when', '{}'::jsonb)
    || jsonb_build_object(case when s like '%\%' then 'percent' else 'amount' end, replace(s, '%', '')::numeric) order by n))
  from unnest(p_steps) with ordinality as t (s, n);
$$;
select is((pg_temp.price(base, pg_temp.always(variadic steps))).amount, amount, format('%s, then %s: %s', base, steps, amount))
from (values
  (45.00, '{10}'::text[], 55.00), (45, '{20%}', 54.00), (45, '{-10%}', 40.50), (45, '{-5}', 40.00),
  -- a percentage is of the amount so far: the order matters
  (100, '{10%,5}', 115.00), (100, '{5,10%}', 115.50), (100, '{10%,10%}', 121.00), (100, '{-50%,20}', 70.00), (100, '{20,-50%}', 60.00),
  -- rounded once, at the end: 10.00 * 1.005 * 1.005 = 10.100250; twice 0.004 is 0.01
  (10, '{0.5%,0.5%}', 10.10), (1, '{0.004,0.004}', 1.01), (1, '{0.004}', 1.00), (0.01, '{49%}', 0.01), (0.01, '{50%}', 0.02),
  (33.33, '{33.33%}', 44.44),
  -- half away from zero
  (1, '{0.005}', 1.01), (1, '{0.0049999}', 1.00), (2, '{12.25%}', 2.25), (2, '{12.75%}', 2.26),
  -- never below zero, only at the end: an amount below zero may come back
  (45, '{-45}', 0.00), (45, '{-46}', 0.00), (45, '{-100%}', 0.00), (45, '{-100,60}', 5.00), (45, '{-100,50%}', 0.00)
) as t (base, steps, amount);
select is((pg_temp.price(base, pg_temp.always(variadic steps), p_currency => currency)).amount, amount, format('%s %s, then %s', currency,
  base,
  steps))
from (values ('JPY', 1500, '{3.3%}'::text[], 1550), ('JPY', 1500, '{0.5}', 1501), ('JPY', 1500, '{0.4}', 1500), ('JPY', 10, '{-4.5%}', 10),
  ('JPY', 10, '{-5%}', 10), ('JPY', 10, '{-5.1%}', 9), ('EUR', 10, '{0.05%}', 10.01)) as t (currency, base, steps, amount);

-- Order: exclusivity, times of day, adjustments, each list in its own order, whatever the order of the keys.
create temp table full_policy as select '{
  "adjustments": [{"name": "old roof", "when": {"attributes.roof_age": {"minimum": 20}}, "percent": 10},
    {"name": "south", "when": {"postal_code": {"pattern": "^7874"}}, "amount": -2}],
  "time_of_day": [{"name": "evening", "hours": {"mon": [["18:00", "22:00"]]}, "percent": 50},
    {"name": "late", "hours": {"mon": [["20:00", "02:00"]]}, "amount": 3}],
  "exclusivity_premium": {"amount": 5}}'::jsonb as rules;
select is((select array_agg(r.step) from full_policy, unnest(catalog.compile_pricing(rules)) r),
  '{exclusivity_premium,evening,late,"old roof",south}', 'compile_pricing: the steps in their order');
select is((select array_agg(r.hours) from full_policy, unnest(catalog.compile_pricing(rules)) r),
  array[null, '{[1080,1320)}', '{[1200,1560)}', null, null]::int4multirange[], 'compile_pricing: hours as minutes of the week');
select is(cardinality(catalog.compile_pricing('{}')), 0, 'compile_pricing: no rules, no steps');
select is((select array_agg(a.step) from full_policy, unnest(kernel.find_adjustments(catalog.compile_pricing(rules), document, minute)) a),
  steps, format('find_adjustments: minute %s, %s', minute, document))
from (values
  (0, '{}'::jsonb, '{exclusivity_premium}'::text[]), (1079, '{}', '{exclusivity_premium}'), (1080, '{}', '{exclusivity_premium,evening}'),
  (1199, '{}', '{exclusivity_premium,evening}'), (1200, '{}', '{exclusivity_premium,evening,late}'),
  (1320, '{}', '{exclusivity_premium,late}'), (1559, '{}', '{exclusivity_premium,late}'), (1560, '{}', '{exclusivity_premium}'),
  (0, '{"attributes": {"roof_age": "20"}, "postal_code": "78745"}', '{exclusivity_premium,"old roof",south}'),
  (0, '{"attributes": {"roof_age": 19}}', '{exclusivity_premium}'), (0, '{"postal_code": null}', '{exclusivity_premium}')
) as t (minute, document, steps);
select is(cardinality(kernel.find_adjustments(null, '{}', 0)), 0, 'find_adjustments: no policy');
-- 40 + 5 = 45, * 1.5 = 67.5, + 3 = 70.5, * 1.1 = 77.55, - 2 = 75.55
select is((pg_temp.price(40, rules, '{"attributes": {"roof_age": 20}, "postal_code": "78745"}', 1200, true)).steps,
  '[{"step": "base", "amount": 40}, {"step": "exclusivity_premium", "added": 5, "amount": 45},
    {"step": "evening", "percent": 50, "amount": 67.5}, {"step": "late", "added": 3, "amount": 70.5},
    {"step": "old roof", "percent": 10, "amount": 77.55}, {"step": "south", "added": -2, "amount": 75.55},
    {"step": "rounded", "amount": 75.55}]', 'price_sale: every step with the amount after it') from full_policy;
select is((pg_temp.price(40, rules, '{}', 1200, false)).amount, 63.00, 'price_sale: without the premium, 40 * 1.5 + 3') from full_policy;
select is((kernel.price_sale(45.00, 2, true, null)).amount, 45.00, 'price_sale: no adjustments at all');

-- compose_adjustments: all steps as one factor and one addend, the same price.
select is(format('%s %s', trim_scale(c.factor), trim_scale(c.addend)), expected,
  format('compose_adjustments: %s, exclusive %s', steps, exclusive))
from (values
  ('{}'::kernel.adjustment[], true, '1 0'), (array['(x,5,)']::kernel.adjustment[], false, '1 5'),
  (array['(x,,10)']::kernel.adjustment[], false, '1.1 0'),
  (array['(x,5,)', '(y,,10)']::kernel.adjustment[], false, '1.1 5.5'),
  (array['(x,,10)', '(y,5,)']::kernel.adjustment[], false, '1.1 5'),
  (array['(exclusivity_premium,5,)']::kernel.adjustment[], false, '1 0'),
  (array['(exclusivity_premium,5,)']::kernel.adjustment[], true, '1 5')
) as t (steps, exclusive, expected), lateral kernel.compose_adjustments(steps, exclusive) c;
select is((kernel.compose_adjustments(null, true)).factor, 1::numeric, 'compose_adjustments: none');
select is(kernel.round_price(amount, decimals), rounded, format('round_price: %s to %s', amount, decimals))
from (values (1.005::numeric, 2, 1.01::numeric), (1.004, 2, 1.00), (0.5, 0, 1), (1.5, 0, 2), (2.5, 0, 3), (-0.01, 2, 0), (0, 2,
  0)) as t (amount,
  decimals, rounded);

-- Through the front door: Friday 20 November, 18:00 in Austin is midnight UTC; Tokyo in yen.
create temp table ids as select testkit.make_offer('{}', '{}', '{"time_of_day": [{"name": "evening", "hours": {"fri": [["18:00", "24:00"]]},
  "percent": 25}], "adjustments": [{"name": "center", "when": {"postal_code": {"enum": ["78701"]}}, "amount": 1.11}]}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Tanaka') from ids;
select is(testkit.outcome(offer_id, at, fields), expected, format('%s at %s: %s', fields, at, expected))
from ids, (values
  ('{"postal_code": "78702"}'::jsonb, '2026-11-20T23:59:59Z'::timestamptz, 'Tanaka 45.00'), ('{}', '2026-11-20T23:59:59Z', 'Tanaka 46.11'),
  ('{"postal_code": "78702"}', '2026-11-21T00:00:00Z', 'Tanaka 56.25'), ('{}', '2026-11-21T00:00:00Z', 'Tanaka 57.36'),
  ('{}', '2026-11-21T05:59:59Z', 'Tanaka 57.36'), ('{}', '2026-11-21T06:00:00Z', 'Tanaka 46.11')
) as t (fields, at, expected);
select is(a.price_steps, '[{"step": "base", "amount": 45.00}, {"step": "evening", "percent": 25, "amount": 56.25},
  {"step": "center", "added": 1.11, "amount": 57.36}, {"step": "rounded", "amount": 57.36}]', 'the sale keeps its steps')
from leadgen.lead_assignments a where a.price = 57.36 order by a.id limit 1;
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');

select is(testkit.policy_fault('pricing', body), fault, format('as a policy: %s', body::text))
from (values
  ('{"time_of_day": [{"name": "x", "hours": {"mon": [["00:00", "24:00"]]}, "percent": -100}]}'::jsonb, 'none'),
  ('{"time_of_day": [{"name": "x", "hours": {"mon": [["18:00", "18:00"]]}, "percent": 1}]}', 'LG423 rules.time_of_day[0].hours.mon[0]'),
  ('{"time_of_day": [{"name": "x", "percent": 1}]}', 'LG423 rules.time_of_day[0].hours'),
  ('{"time_of_day": [{"name": "x", "hours": {"mon": [["08:00", "09:00"]]}}]}', 'LG423 rules.time_of_day[0]'),
  ('{"time_of_day": [{"name": "x", "hours": {"mon": [["08:00", "09:00"]]}, "percent": 1, "amount": 1}]}', 'LG423 rules.time_of_day[0]'),
  ('{"time_of_day": []}', 'LG423 rules.time_of_day'), ('{"time_of_day": {}}', 'LG423 rules.time_of_day'),
  ('{"adjustments": [{"name": "x", "when": {"city": {"enum": ["Waco"]}}, "amount": -5}]}', 'none'),
  ('{"adjustments": [{"name": "x", "when": {"town": {"enum": ["Waco"]}}, "amount": -5}]}', 'LG423 rules.adjustments[0].when.town'),
  ('{"adjustments": [{"when": {"city": {"enum": ["Waco"]}}, "amount": -5}]}', 'LG423 rules.adjustments[0].name'),
  ('{"adjustments": [{"name": "x", "amount": -5}]}', 'LG423 rules.adjustments[0].when'),
  ('{"adjustments": [{"name": "", "when": {"city": {"enum": ["Waco"]}}, "amount": 1}]}', 'LG423 rules.adjustments[0].name'),
  ('{"adjustments": [{"name": "base", "when": {"city": {"enum": ["Waco"]}}, "amount": 1}]}', 'LG423 rules.adjustments[0].name'),
  ('{"adjustments": [{"name": "rounded", "when": {"city": {"enum": ["Waco"]}}, "amount": 1}]}', 'LG423 rules.adjustments[0].name'),
  ('{"time_of_day": [{"name": "exclusivity_premium", "hours": {"mon": [["08:00", "09:00"]]}, "amount": 1}]}',
    'LG423 rules.time_of_day[0].name'),
  ('{"adjustments": [{"name": "x", "when": {"city": {"enum": ["Waco"]}}, "percent": -101}]}', 'LG423 rules.adjustments[0].percent'),
  ('{"adjustments": [{"name": "x", "when": {"city": {"enum": ["Waco"]}}, "percent": "5"}]}', 'LG423 rules.adjustments[0].percent')
) as t (body, fault);

select * from finish();
rollback;
