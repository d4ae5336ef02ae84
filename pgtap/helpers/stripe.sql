-- Payments of the tests: buyers that pay, and what Stripe says of a payment.

create or replace function testkit.paying_buyer(p_name text, p_row jsonb default '{}')
returns bigint
language sql
volatile
as $$
  select testkit.new_buyer(p_name, '{"billing_mode": "prepaid", "currency": "USD"}'::jsonb || p_row);
$$;
comment on function testkit.paying_buyer(text, jsonb) is 'A new buyer who pays in advance, in USD; the row overrides.';

create or replace function testkit.stripe_payment(p_buyer_id bigint, p_amount numeric, p_intent text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_id constant bigint := leadgen.start_checkout(p_buyer_id, p_amount, format('order %s', p_intent));
begin
  update leadgen.payments p set provider_id = p_intent where p.id = v_id;
  return v_id;
end;
$$;
comment on function testkit.stripe_payment(bigint, numeric, text) is 'A payment that is asked for at Stripe under this PaymentIntent.';

create or replace function testkit.intent(p_intent text, p_status text, p_units bigint, p_more jsonb default '{}')
returns jsonb
language sql
stable
as $$
  select jsonb_build_object('object', 'payment_intent', 'id', p_intent, 'status', p_status, 'currency', 'usd', 'amount', p_units,
    'amount_received', case p_status when 'succeeded' then p_units else 0 end, 'metadata', '{}'::jsonb) || p_more;
$$;
comment on function testkit.intent(text, text, bigint, jsonb) is 'A PaymentIntent as Stripe sends it, in cents.';

create or replace function testkit.reversal(p_object text, p_id text, p_intent text, p_status text, p_units bigint)
returns jsonb
language sql
stable
as $$
  select jsonb_build_object('object', p_object, 'id', p_id, 'status', p_status, 'currency', 'usd', 'amount', p_units,
    'payment_intent', p_intent, 'metadata', '{}'::jsonb);
$$;
comment on function testkit.reversal(text, text, text, text, bigint) is 'A refund or dispute as Stripe sends it, in cents.';

create or replace function testkit.stripe_says(p_at text, p_object jsonb)
returns text
language plpgsql
volatile
as $$
-- By a webhook, which is stored and then followed.
declare
  v_id constant bigint := leadgen.keep_payment_event(jsonb_build_object('id', format('evt_%s', gen_random_uuid()),
    'type', 'test', 'created', extract(epoch from p_at::timestamptz)::bigint, 'data', jsonb_build_object('object', p_object))::text);
begin
  while leadgen.run_chore('follow_payment_event') loop
  end loop;
  return (select e.outcome from leadgen.payment_events e where e.id = v_id);
end;
$$;
comment on function testkit.stripe_says(text, jsonb) is 'Stripe says this of an object at that time: what became of the event.';

create or replace function testkit.tell_money(p_buyer_id bigint)
returns text
language sql
stable
as $$
  select format('balance %s, owes %s', b.balance, b.receivable) from leadgen.buyers b where b.id = p_buyer_id;
$$;
comment on function testkit.tell_money(bigint) is 'What a buyer has left and owes.';

create or replace function testkit.tell_accounts()
returns text
language sql
stable
as $$
  select string_agg(format('%s %s', e.account, e.total), ', ' order by e.account)
  from (
    select l.account, sum(l.amount) as total from leadgen.ledger_entries l group by l.account
  ) e
  where e.total <> 0;
$$;
comment on function testkit.tell_accounts() is 'What is in each account of the ledger that is not even.';
