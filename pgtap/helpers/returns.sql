-- Buyers who return a sale, by a request or by a webhook's reply.
create or replace function testkit.deliver(p_sale_id bigint)
returns bigint
language sql
volatile
as $$
-- By hand: what the outbox does is not the subject.
  update leadgen.deliveries set status = 'sending', attempts = 1, lease_token = gen_random_uuid()
  where assignment_id = p_sale_id and status = 'pending';
  update leadgen.deliveries set status = 'delivered', lease_token = null, next_attempt_at = null, finished_at = leadgen.clock()
  where assignment_id = p_sale_id and status = 'sending';
  insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
  select d.market_id, d.id, 1, leadgen.clock(), 1, 'delivered' from leadgen.deliveries d
  where d.assignment_id = p_sale_id and not exists (select from leadgen.delivery_attempts t where t.delivery_id = d.id);
  select p_sale_id;
$$;
comment on function testkit.deliver(bigint) is
  'A sale''s delivery got through; market.settle_assignments has yet to hear of it. Returns the sale.';

create or replace function testkit.sell_delivered(p_offer_id bigint, p_number integer default 1)
returns bigint
language plpgsql
volatile
as $$
declare
  v_id constant bigint := testkit.deliver(testkit.sell_lead(p_offer_id, p_number));
begin
  perform market.settle_assignments(array[v_id], null, null, leadgen.clock());
  return v_id;
end;
$$;
comment on function testkit.sell_delivered(bigint, integer) is 'Sells a good lead that is delivered at once; the id of its sale.';

create or replace function testkit.reply(p_sale_id bigint, p_code text default 'rejected_on_delivery', p_note text default null)
returns bigint
language sql
volatile
as $$
  select testkit.deliver(p_sale_id);
  select market.settle_assignments(array[p_sale_id], null, array[p_sale_id], leadgen.clock());
  insert into leadgen.sale_returns (created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via,
    status)
  select leadgen.clock(), a.market_id, a.offer_id, a.buyer_id, a.buyer_offer_id, a.id, p_code, p_note, 'reply', 'received'
  from leadgen.lead_assignments a where a.id = p_sale_id returning id;
$$;
comment on function testkit.reply(bigint, text, text) is
  'A webhook''s reply rejects the lead, as record_attempts notes it; the id of the return.';

create or replace function testkit.ask(
  p_sale_id bigint,
  p_reason text default 'unreachable',
  p_note text default null,
  p_via text default 'api'
)
returns text
language sql
volatile
as $$
  select concat_ws(' ', a ->> 'outcome', a #>> '{return,status}', a #>> '{return,reason}')
  from roads.request_return(p_sale_id, p_reason, p_note, p_via) a;
$$;
comment on function testkit.ask(bigint, text, text, text) is 'The buyer asks to return a sale: "returned approved unreachable".';

create or replace function testkit.refusal(p_sale_id bigint, p_reason text default 'unreachable', p_note text default null)
returns text
language sql
volatile
as $$
  select testkit.fault_of(format('select roads.request_return(%s, %L, %L, %L)', p_sale_id, p_reason, p_note, 'api'));
$$;
comment on function testkit.refusal(bigint, text, text) is 'How a request to return a sale is refused: "LG409 quota", or "none".';

create or replace function testkit.return_events(p_offer_id bigint)
returns text[]
language sql
stable
as $$
  select array_agg(e.kind order by e.id) from leadgen.events e where e.offer_id = p_offer_id and e.kind like 'return%';
$$;
comment on function testkit.return_events(bigint) is 'What the operator heard of an offer''s returns.';
