-- What becomes of a sale: delivered, answered, returned; and how to tell it in a few words.
create or replace function testkit.sell_lead(p_offer_id bigint, p_number integer default 1)
returns bigint
language sql
volatile
as $$
  select testkit.submit(p_offer_id, '{}', p_number);
  select max(a.id) from leadgen.lead_assignments a where a.offer_id = p_offer_id;
$$;
comment on function testkit.sell_lead(bigint, integer) is 'Submits a good lead; the id of its sale, of several the last.';

create or replace function testkit.attempt(p_sale_id bigint, p_outcome text)
returns void
language plpgsql
volatile
as $$
-- Claims what is due, records this outcome, without a retry, for the sale's delivery and gives the rest back.
declare
  v_claim record;
begin
  select c.* into v_claim from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', '30 seconds') c
  join leadgen.deliveries d on d.id = c.delivery_id and d.assignment_id = p_sale_id;
  perform leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', v_claim.delivery_id,
    'lease_token', v_claim.lease_token, 'started_at', leadgen.clock(), 'outcome', p_outcome, 'latency_ms', 1)), 0, '1 second');
  perform leadgen.release_deliveries(array_agg(d.id), array_agg(d.lease_token)) from leadgen.deliveries d where d.lease_token is not null;
end;
$$;
comment on function testkit.attempt(bigint, text) is 'Delivers a sale once, with this outcome: delivered, refused, unknown.';

create or replace function testkit.tend()
returns void
language plpgsql
volatile
as $$
begin
  perform leadgen.settle_answers();
  while leadgen.settle_return() is not null loop null; end loop;
  while leadgen.release_due_sale() is not null loop null; end loop;
  perform testkit.work_holds();
end;
$$;
comment on function testkit.tend() is 'What the worker does with sales and held leads in one turn.';

create or replace function testkit.tell_sale(p_sale_id bigint)
returns text
language sql
stable
as $$
  select concat_ws(' ', a.outcome, case when a.released_at is not null then 'released' end,
    case when a.release_due_at is not null then 'due' end, '|', l.status,
    coalesce(l.rejection_reason, l.unsold_reason), case when l.hold_until is not null then 'held' end)
  from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id where a.id = p_sale_id;
$$;
comment on function testkit.tell_sale(bigint) is
  'A sale and its lead: "lapsed due | delivered", "returned released | validated returned held".';

create or replace function testkit.tell_sales(p_sale_id bigint)
returns text[]
language sql
stable
as $$
  select array_agg(concat_ws(' ', s.outcome, case when s.released_at is not null then 'released' end) order by s.id)
  from leadgen.lead_assignments a join leadgen.lead_assignments s on s.lead_id = a.lead_id where a.id = p_sale_id;
$$;
comment on function testkit.tell_sales(bigint) is 'Every sale of a sale''s lead, in order: {"returned released",pending}.';

create or replace function testkit.tell_usage(p_offer_id bigint)
returns text
language sql
stable
as $$
  select format('%s %s %s %s %s %s / %s %s %s %s %s %s', u.hour_count, u.day_count, u.week_count, u.month_count,
    u.day_spent, u.month_spent, o.hour_count, o.day_count, o.week_count, o.month_count, o.day_spent, o.month_spent)
  from testkit.enrollment_usage u join testkit.offer_usage o using (offer_id)
  where offer_id = p_offer_id order by u.buyer_offer_id limit 1;
$$;
comment on function testkit.tell_usage(bigint) is
  'Sales by hour, day, week and month and money by day and month, of the first enrollment and then of the offer.';

create or replace function testkit.sale(p_sale_id bigint)
returns leadgen.lead_assignments
language sql
stable
as $$
  select a from leadgen.lead_assignments a where a.id = p_sale_id;
$$;
comment on function testkit.sale(bigint) is 'The row of a sale.';

create or replace function testkit.tell_return(p_sale_id bigint)
returns text
language sql
stable
as $$
  select concat_ws(' ', a.outcome, case when a.released_at is not null then 'released' end,
    '|', l.status, case when l.hold_until is not null then 'held' end,
    '|', (select string_agg(concat_ws(' ', r.status, r.via, r.decided_by, r.decision_note), ', ' order by r.id)
      from leadgen.sale_returns r where r.assignment_id = a.id))
  from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id where a.id = p_sale_id;
$$;
comment on function testkit.tell_return(bigint) is
  'A sale, its lead, and its returns with who decided why: "returned released | validated held | approved api auto".';
