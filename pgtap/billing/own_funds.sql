-- describe_funds, start_own_top_up, set_own_recharge: what a buyer sees of its money, and asks for, on the portal.
begin;
select plan(23);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table made as
select o.id as offer_id, testkit.enroll_buyer(o.id, 'Pia') as pia, testkit.enroll_buyer(o.id, 'Ivo') as ivo
from (select testkit.make_offer() as id) o;
create function pg_temp.sign_in(p_name text, p_enrollment_id bigint, p_kind text) returns text language sql as $$
  select leadgen.create_user(format('%s@people.example', lower(p_name)), p_name, 'buyer', testkit.buyer_of(p_enrollment_id), null, p_kind,
    substr(sha256('salt'), 1, 16), testkit.digest_of('open sesame'));
  select testkit.sign_in(p_name, p_token => p_name, p_address => format('192.0.2.%s', length(p_name)));
$$;
select pg_temp.sign_in('Olga', pia, 'owner'), pg_temp.sign_in('Mia', pia, 'member'), pg_temp.sign_in('Oskar', ivo, 'owner') from made;
create function pg_temp.top_up(p_who text, p_amount numeric, p_key text) returns text language sql as $$
  select testkit.fault_of(format('select leadgen.start_own_top_up(%L, %s, %L, true)', testkit.hash_of(p_who), p_amount, p_key));
$$;

-- The light.
select is(billing.name_light(money_left, needed, is_low, days), light,
  format('%s of %s, %s days, low %s', money_left, needed, days, is_low))
from (values (null::numeric, 45::numeric, false, null::numeric, null), (44.99, 45, false, 90, 'red'), (45, 45, false, null, 'green'),
  (45, 45, true, null, 'yellow'), (500, 45, false, 2.9, 'yellow'), (500, 45, false, 3, 'green'), (0, null, false, null, 'red'))
  as t (money_left, needed, is_low, days, light);
select is(billing.describe_funds(leadgen.clock()), '{}', 'nothing is told where the transaction acts for no buyer');
select identity.act_as('buyer', testkit.buyer_of(pia)) from made;
select is(billing.describe_funds(leadgen.clock()) ->> 'light', 'red', 'who has nothing can pay for no lead');
select testkit.pay_in(pia, 1000) from made;
select is(billing.describe_funds(leadgen.clock()) ->> 'light', 'green', 'money that pays for leads is enough');
update leadgen.buyer_offers e set min_balance_required = 1001 from made where e.id = made.pia;
select is(billing.describe_funds(leadgen.clock()) ->> 'light', 'red', 'a minimum that the balance does not reach is too low');
select is(billing.describe_funds(leadgen.clock()) ->> 'needed', '1001.00', 'what a lead needs is the minimum, where that is more');

-- Top-ups.
select is(pg_temp.top_up('Olga', 100, 'one-key'), 'none', 'an owner asks for a payment');
select is(pg_temp.top_up('Olga', 100, 'one-key'), 'none', 'the same form again is the same payment');
select is((count(*), min(amount), bool_and(saves_method))::text, '(1,100.00,t)', 'one payment is asked for')
from leadgen.payments where method = 'stripe';
select is(pg_temp.top_up('Olga', 200, 'one-key'), 'LG422 key', 'another amount under its key is refused');
select is(pg_temp.top_up('Olga', 0, 'zero-key'), 'LG400 amount', 'nothing is no amount');
select is(pg_temp.top_up('Mia', 100, 'mias-key'), 'LG403 member_kind', 'a member does not spend');
select is(pg_temp.top_up('Oskar', 100, 'one-key'), 'LG409 billing_mode', 'who is invoiced tops nothing up');
select is(testkit.fault_of(format('select leadgen.show_portal_payment(%L, %s)', testkit.hash_of('Oskar'), p.id)), 'LG404 payment_id',
  'another buyer''s payment is as good as none') from leadgen.payments p where p.method = 'stripe';

-- Recharges.
select leadgen.set_own_recharge(testkit.hash_of('Olga'), 50, 100, 300);
select is(billing.describe_funds(leadgen.clock()) -> 'recharge' ->> 'budget', '300.00', 'an owner switches recharges on');
select leadgen.set_own_recharge(testkit.hash_of('Olga'), null, null, null);
select is(billing.describe_funds(leadgen.clock()) -> 'recharge', 'null', 'an owner switches them off');
select is(testkit.fault_of(format('select leadgen.set_own_recharge(%L, 50, 100, 300)', testkit.hash_of('Mia'))), 'LG403 member_kind',
  'a member does not');

select * from finish();
rollback;
