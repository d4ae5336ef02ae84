-- Buyers and their money.
create or replace function testkit.money(p_buyer_offer_id bigint)
returns text
language sql
stable
as $$
  select format('%s %s %s', b.balance, b.receivable, r.reserved)
  from leadgen.buyers b
  join report.buyer_balances r on r.buyer_id = b.id
  where b.id = testkit.buyer_of(p_buyer_offer_id);
$$;
comment on function testkit.money(bigint) is 'What the buyer of an enrollment has left, owes and has reserved: "55.00 0.00 0.00".';

create or replace function testkit.pay_in(p_buyer_offer_id bigint, p_amount numeric)
returns bigint
language sql
volatile
as $$
  select leadgen.top_up(testkit.buyer_of(p_buyer_offer_id), p_amount, format('test:%s', nextval('testkit.numbers')));
$$;
comment on function testkit.pay_in(bigint, numeric) is 'The buyer of an enrollment pays in advance; the id of the transaction.';

create or replace function testkit.book(p_sale_id bigint)
returns text[]
language sql
stable
as $$
  select array_agg(format('%s: %s', t.kind, e.entries) order by t.id)
  from leadgen.ledger_transactions t
  cross join lateral (
    select string_agg(format('%s %s', x.account, x.amount), ', ' order by x.position) as entries
    from leadgen.ledger_entries x where x.transaction_id = t.id
  ) e
  where t.assignment_id = p_sale_id;
$$;
comment on function testkit.book(bigint) is 'What is booked of a sale: {"sale: buyer_prepaid 45.00, revenue -45.00"}.';

create or replace function testkit.why(p_offer_id bigint)
returns text
language sql
stable
as $$
  select string_agg(concat_ws(', ', c.buyer_name, c.reason), '; ' order by c.buyer_offer_id)
  from leadgen.explain_candidates((select max(l.id) from leadgen.leads l where l.offer_id = p_offer_id)) c;
$$;
comment on function testkit.why(bigint) is
  'Why the candidates of an offer''s latest lead lost, with numbers: "Pia, funds: 10.00, price 45.00".';

create or replace function testkit.set_balance(p_buyer_id bigint, p_balance numeric)
returns void
language plpgsql
volatile
as $$
declare
  v_more constant numeric := p_balance - (select b.balance from leadgen.buyers b where b.id = p_buyer_id);
  v_key constant text := format('test:%s', nextval('testkit.numbers'));
begin
  if v_more > 0 then
    perform billing.post('deposit', v_key, (select b.currency from leadgen.buyers b where b.id = p_buyer_id), array[
      ('cash', null, null, 'manual', v_more)::billing.entry,
      ('buyer_prepaid', p_buyer_id, null, null, -v_more)::billing.entry], leadgen.clock());
  elsif v_more < 0 then
    perform leadgen.withdraw(p_buyer_id, -v_more, v_key);
  end if;
end;
$$;
comment on function testkit.set_balance(bigint, numeric) is
  'A buyer has so much left, however it pays: it is booked as before there were payments, or paid back.';

create or replace function testkit.pay_for(p_offer_id bigint, p_rules jsonb)
returns bigint
language plpgsql
as $$
declare
  v_policy_id constant bigint := testkit.add('payout_policies', jsonb_build_object('name', 'payout', 'rules', p_rules));
begin
  update leadgen.sources set payout_policy_id = v_policy_id where source_key = format('source-of-%s', p_offer_id);
  return v_policy_id;
end;
$$;
comment on function testkit.pay_for(bigint, jsonb) is 'The source of an offer is paid by a policy of its own; the id of the policy.';

create or replace function testkit.owed(p_offer_id bigint)
returns numeric
language sql
stable
as $$
  select coalesce(-sum(e.amount), 0)
  from leadgen.ledger_entries e
  join leadgen.sources s on s.id = e.source_id
  where s.source_key = format('source-of-%s', p_offer_id) and e.account = 'source_payable';
$$;
comment on function testkit.owed(bigint) is 'What the source of an offer is owed.';
