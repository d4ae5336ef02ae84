-- price_sale and currency_minor_unit: base, premium, one rounding at the end, half away from zero.
begin;
select plan(34);

create function pg_temp.price(p_base numeric, p_currency text, p_is_exclusive boolean, p_rules jsonb) returns kernel.price
language sql as $$
  select kernel.price_sale(p_base, kernel.currency_minor_unit(p_currency), p_is_exclusive,
    kernel.find_adjustments(catalog.compile_pricing(p_rules), '{}', 0));
$$;
select is((pg_temp.price(base, currency, exclusive, rules)).amount, amount, format('%s %s exclusive %s %s', base, currency,
  exclusive, rules))
from (values
  (45.00, 'USD', false, null::jsonb, 45.00), (45, 'USD', true, null, 45.00), (45, 'USD', true, '{}', 45.00),
  (45, 'USD', false, '{"exclusivity_premium": {"amount": 10}}', 45.00),
  (45, 'USD', true, '{"exclusivity_premium": {"amount": 10}}', 55.00),
  (45, 'USD', true, '{"exclusivity_premium": {"amount": 0.005}}', 45.01),
  (45, 'USD', true, '{"exclusivity_premium": {"amount": 0.0049}}', 45.00),
  (45, 'USD', true, '{"exclusivity_premium": {"percent": 20}}', 54.00),
  (33.33, 'USD', true, '{"exclusivity_premium": {"percent": 50}}', 50.00),
  (0.05, 'USD', true, '{"exclusivity_premium": {"percent": 10}}', 0.06),
  (45, 'USD', true, '{"exclusivity_premium": {"percent": 10, "amount": 1}}', 50.50),
  (45, 'USD', true, '{"exclusivity_premium": {"percent": -50}}', 22.50),
  (45, 'USD', true, '{"exclusivity_premium": {"percent": -100}}', 0.00),
  (45, 'USD', true, '{"exclusivity_premium": {"amount": -100}}', 0),
  (1500, 'JPY', true, '{"exclusivity_premium": {"percent": 3.3}}', 1550),
  (1500.5, 'JPY', false, null, 1501), (1500.49, 'JPY', false, null, 1500),
  (45, 'EUR', true, '{"exclusivity_premium": {"percent": 0.01}}', 45.00), (49.995, 'EUR', false, null, 50.00)
) as t (base, currency, exclusive, rules, amount);

select is((pg_temp.price(45.00, 'USD', true, '{"exclusivity_premium": {"percent": 12.5}}')).steps,
  '[{"step": "base", "amount": 45.00}, {"step": "exclusivity_premium", "percent": 12.5, "amount": 50.625},
    {"step": "rounded", "amount": 50.63}]',
  'the steps, each with the amount after it');
select is((pg_temp.price(45.00, 'USD', false, '{"exclusivity_premium": {"percent": 12.5}}')).steps,
  '[{"step": "base", "amount": 45.00}, {"step": "rounded", "amount": 45.00}]', 'the steps of an ordinary sale');
select is(kernel.currency_minor_unit(currency), decimals, format('currency_minor_unit: %s', currency))
from (values ('USD', 2), ('EUR', 2), ('JPY', 0), ('KRW', 0), ('CLP', 0)) as t (currency, decimals);

select is(testkit.policy_fault('pricing', body), fault, format('as a policy: %s', body::text))
from (values
  ('{"exclusivity_premium": {"percent": 20}}'::jsonb, 'none'), ('{"exclusivity_premium": {"percent": -101}}',
    'LG423 rules.exclusivity_premium.percent'),
  ('{"exclusivity_premium": {"amount": "5"}}', 'LG423 rules.exclusivity_premium.amount'), ('{"exclusivity_premium": 20}',
    'LG423 rules.exclusivity_premium'),
  ('{"premium": {"amount": 5}}', 'LG423 rules.premium'), ('{"exclusivity_premium": {"percents": 5}}',
    'LG423 rules.exclusivity_premium.percents')
) as t (body, fault);

-- Through the front door, in yen, and with the policy's version kept.
create temp table ids as select testkit.make_offer('{}', '{}', '{"exclusivity_premium": {"percent": 3.33}}',
  '{"default_price_per_lead": 1500}',
  '{"country_code": "JP", "currency": "JPY", "timezone": "Asia/Tokyo"}') as offer_id;
select testkit.own(testkit.enroll_buyer(offer_id, 'Ace'), 'city', '東京') from ids;
select is(testkit.submit(offer_id, '{"city": "東京", "postal_code": "100-0001", "phone": "03-1234-5678"}') -> 'price', '1550',
  'a price in yen has no decimals') from ids;
select is(format('%s %s %s %s', a.currency, a.is_exclusive, a.pricing_policy_version, a.pricing_policy_id = o.pricing_policy_id),
  'JPY t 1 t', 'the sale keeps currency and policy version')
from leadgen.lead_assignments a join leadgen.offers o on o.id = a.offer_id;

select * from finish();
rollback;
