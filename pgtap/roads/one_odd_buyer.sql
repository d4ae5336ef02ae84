-- A buyer with whom a chore fails stops no other, and an operator is told.
begin;
select plan(18);
select testkit.at_time('2026-11-20 12:00+00');
create temp table odd as select testkit.open_books('Ace') as offer_id;
delete from leadgen.tax_rates;
create temp table fine as select testkit.open_books('Webb') as offer_id;
alter table odd add buyer_id bigint;
update odd set buyer_id = e.buyer_id from leadgen.buyer_offers e where e.offer_id = odd.offer_id;
alter table fine add buyer_id bigint;
update fine set buyer_id = e.buyer_id from leadgen.buyer_offers e where e.offer_id = fine.offer_id;
select testkit.sell_leads(offer_id, 1) from odd;
select testkit.sell_leads(offer_id, 1) from fine;
select testkit.bill('2026-11-23 06:00+00');

-- From now on everything that is written of the first buyer's documents fails.
create function pg_temp.fail() returns trigger language plpgsql as $$
begin
  if new.buyer_id = (select o.buyer_id from odd o) then
    raise exception using errcode = '22003', message = 'numeric field overflow';
  end if;
  return new;
end;
$$;
create trigger fail before update on leadgen.invoices for each row execute function pg_temp.fail();
create function pg_temp.told() returns text language sql stable as $$
  select string_agg(format('%s %s %s', case e.buyer_id when o.buyer_id then 'Ace' end, e.facts ->> 'chore', e.facts ->> 'sqlstate'), ', '
    order by e.id)
  from leadgen.events e, odd o where e.kind = 'billing_failed' $$;
create function pg_temp.state(p_buyer_id bigint) returns text language sql stable as $$
  select string_agg(i.status::text, ', ' order by i.id) from leadgen.invoices i where i.buyer_id = p_buyer_id $$;

-- A recharge that was declined, of a buyer whose balance is below what it is recharged at.
create function pg_temp.pay(p_buyer_id bigint, p_key text) returns bigint language sql as $$
  insert into leadgen.payment_profiles (buyer_id, customer_id, recharge_below, recharge_amount, recharge_budget)
  values (p_buyer_id, format('cus_%s', p_buyer_id), 100000, 50, 1000);
  insert into leadgen.payments (created_at, buyer_id, purpose, amount, currency, method, key, status)
  values (leadgen.clock(), p_buyer_id, 'recharge', 50, 'USD', 'stripe', p_key, 'failed') returning id $$;

select testkit.at_time('2026-12-08 06:00+00');
select is(roads.settle_overdue(), buyer_id, 'the buyer after it is looked at') from fine;
select is(pg_temp.state(buyer_id), 'overdue', 'its invoice is overdue') from fine;
select is(pg_temp.state(buyer_id), 'sent', 'with the odd buyer nothing happened') from odd;
select is(pg_temp.told(), 'Ace settle_overdue 22003', 'an event says with whom it failed, and why');
select is(roads.settle_overdue(), null, 'nobody else is due');
select is(pg_temp.told(), 'Ace settle_overdue 22003', 'it is told once a day');

alter table leadgen.invoices disable trigger fail;
select leadgen.add_payment(buyer_id, 10, 'check', 'check 1') from odd;
select leadgen.add_payment(buyer_id, 10, 'check', 'check 2') from fine;
update leadgen.invoices set paid_amount = 0, status = 'overdue';
alter table leadgen.invoices enable trigger fail;
select is(roads.settle_payments(), buyer_id, 'a payment of the buyer after it is allocated') from fine;
select is(roads.settle_payments(), null, 'nobody''s is left but the odd one''s');

create trigger fail before insert on leadgen.notices for each row execute function pg_temp.fail();
select testkit.at_time('2026-12-11 06:00+00');
select is(roads.remind_buyer(), buyer_id, 'the buyer after it is reminded') from fine;
select is(roads.remind_buyer(), null, 'once');
select is(pg_temp.told(), 'Ace settle_overdue 22003, Ace settle_payments 22003, Ace remind_buyer 22003',
  'each chore has its own event');

drop trigger fail on leadgen.notices;
drop trigger fail on leadgen.invoices;
select is(roads.remind_buyer(), buyer_id, 'once it is in order, it has its turn') from odd;
select is(roads.settle_payments(), buyer_id, 'with its payment, too') from odd;

-- What payments come to.
create temp table paid as
select o.buyer_id, pg_temp.pay(o.buyer_id, 'recharge:odd') as id from odd o
union all
select f.buyer_id, pg_temp.pay(f.buyer_id, 'recharge:fine') from fine f;
create trigger fail before update on leadgen.payment_profiles for each row execute function pg_temp.fail();
select is(roads.tell_payment(), buyer_id, 'what follows from the payment of the buyer after it is done') from fine;
select is(roads.tell_payment(), null, 'nobody''s is left but the odd one''s, a second time');
select is((select f.recharge_paused_at is not null from leadgen.payment_profiles f where f.buyer_id = fine.buyer_id), true,
  'its recharges are paused') from fine;
drop trigger fail on leadgen.payment_profiles;
select roads.tell_payment();
update leadgen.payment_profiles set recharge_paused_at = null;
update leadgen.buyers b set payment_method = 'stripe', payment_method_id = 'pm_1', billing_mode = 'prepaid'
where b.id in (select buyer_id from paid);
create trigger fail before insert on leadgen.payments for each row execute function pg_temp.fail();
select is(roads.start_recharge(), buyer_id, 'the buyer after it is recharged') from fine;
select is(pg_temp.told(),
  'Ace settle_overdue 22003, Ace settle_payments 22003, Ace remind_buyer 22003, Ace tell_payment 22003, Ace start_recharge 22003',
  'both are told');
select * from finish();
rollback;
