-- Thresholds: an invoiced buyer is billed early when its unbilled sales reach one. And when a buyer is due.

create or replace function billing.has_reached_threshold(p_buyer_id bigint, p_now timestamptz)
returns boolean
language plpgsql
stable
as $$
-- Who is prepaid owes nothing.
declare
  v_buyer record;
begin
  select b.billing_mode, b.receivable into v_buyer from leadgen.buyers b where b.id = p_buyer_id;
  if v_buyer.billing_mode <> 'invoiced' or v_buyer.receivable <= 0 then
    return false;
  end if;
  return exists (
    select from billing.sort_unbilled(p_buyer_id, p_now) u
    where u.document = 'invoice' and u.draft_id is null
    group by u.group_offer_id
    having sum(u.amount) > 0 and sum(u.amount) >= coalesce(
      (select o.invoice_threshold from leadgen.offers o where o.id = u.group_offer_id),
      (select d.default_invoice_threshold from leadgen.settings d)));
end;
$$;
comment on function billing.has_reached_threshold(bigint, timestamptz) is
  'Whether an invoiced buyer''s unbilled sales of an offer, or of all, reach the invoice_threshold.';

create or replace function billing.weigh_buyers(p_now timestamptz)
returns integer
language plpgsql
volatile
as $$
-- Only whose unbilled sales may have grown to a threshold since they were last weighed: so it costs what was booked
-- since, and not what is unbilled. A sale that is reserved counts from the start.
declare
  v_buyer record;
  v_is_due boolean;
  v_count integer := 0;
begin
  for v_buyer in
    select c.buyer_id, t.thresholds, coalesce(n.last_id, c.weighed_to) as last_id,
      c.unbilled_at_most + n.charged as most
    from leadgen.billing_calendar c
    join leadgen.buyers b on b.id = c.buyer_id and b.billing_mode = 'invoiced'
    cross join lateral (
      select max(e.transaction_id) as last_id,
        coalesce(sum(e.amount) filter (where e.account = 'buyer_receivable' and e.amount > 0), 0) as charged
      from leadgen.ledger_entries e
      where e.buyer_id = c.buyer_id and e.account in ('buyer_receivable', 'buyer_reserved')
        and e.transaction_id > c.weighed_to
    ) n
    cross join lateral (select billing.list_thresholds(c.buyer_id) as thresholds) t
    where c.due_at > p_now and c.period_end > p_now
      and (n.last_id is not null or t.thresholds is distinct from c.weighed_by)
    order by c.buyer_id
    for no key update of c skip locked
  loop
    v_is_due := v_buyer.most >= any (v_buyer.thresholds);
    if v_is_due then
      v_buyer.most := billing.sum_charges(v_buyer.buyer_id);
      v_is_due := billing.has_reached_threshold(v_buyer.buyer_id, p_now);
    end if;
    update leadgen.billing_calendar c
    set
      weighed_to = v_buyer.last_id,
      weighed_by = v_buyer.thresholds,
      unbilled_at_most = v_buyer.most,
      due_at = case when v_is_due then p_now else c.due_at end
    where c.buyer_id = v_buyer.buyer_id;
    v_count := v_count + v_is_due::integer;
  end loop;
  return v_count;
end;
$$;
comment on function billing.weigh_buyers(timestamptz) is
  'Finds invoiced buyers whose unbilled sales have reached a threshold, and makes them due: how many.';

create or replace function billing.list_thresholds(p_buyer_id bigint)
returns numeric[]
language plpgsql
stable
as $$
begin
  return array(
    select x.threshold
    from (
      select o.id, o.invoice_threshold as threshold
      from leadgen.buyer_offers e
      join leadgen.offers o on o.id = e.offer_id
      where e.buyer_id = p_buyer_id and o.invoice_threshold is not null
      union all
      select 0, s.default_invoice_threshold from leadgen.settings s
    ) x
    order by x.id);
end;
$$;
comment on function billing.list_thresholds(bigint) is 'The thresholds by which a buyer may be billed early.';

create or replace function billing.sum_charges(p_buyer_id bigint)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    select coalesce(sum(e.amount), 0)
    from leadgen.ledger_entries e
    where e.buyer_id = p_buyer_id and e.account = 'buyer_receivable' and e.amount > 0
      and e.transaction_id > (select c.billed_to from leadgen.billing_calendar c where c.buyer_id = p_buyer_id)
      and not exists (select from leadgen.invoice_lines l where l.transaction_id = e.transaction_id)
  );
end;
$$;
comment on function billing.sum_charges(bigint) is
  'What an invoiced buyer was charged that is on no document, or more: what was given back is not taken off.';

create or replace function billing.put_off(p_buyer_id bigint, p_until timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.billing_calendar c set due_at = p_until where c.buyer_id = p_buyer_id;
end;
$$;
comment on function billing.put_off(bigint, timestamptz) is
  'A buyer is billed next at this time. The caller holds its row of billing_calendar.';
