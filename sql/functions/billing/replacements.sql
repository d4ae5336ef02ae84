-- Replacements: a buyer that returns a lead gets another one in place of its money, where the policy of the sale says
-- so.
--
--   returned ──► owed ──► used     the next sale of the offer to the buyer was made: the returned one is given back
--                  └────► ended    its buyer left, or an operator ended it: the returned one is given back
--
-- The next sale is decided, priced and booked like any other, and counts in every limit. In the same transaction the
-- price of the returned sale is given back (return:ID), which was put off until then. So a decision knows nothing of
-- replacements, and the books are at every moment those of a return that has not been given back yet.
--
-- buyers.replacements counts those that are owed. It is written under the buyer's lock, and read with the row that
-- every sale writes anyway.

create or replace function billing.owe_replacement(
  p_sale leadgen.lead_assignments,
  p_return_id bigint,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
declare
  v_booked leadgen.ledger_transactions;
  v_rest billing.entry[];
begin
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = 'sale:' || p_sale.id;
  if not found then
    return; -- it was free
  end if;
  perform billing.lock_buyers(array[p_sale.buyer_id], true);
  v_rest := billing.list_reversal(v_booked, null);
  if v_rest = '{}' then
    return;
  end if;
  insert into leadgen.replacements (
    created_at, market_id, offer_id, buyer_id, return_id, assignment_id, amount, currency
  )
  values (p_now, p_sale.market_id, p_sale.offer_id, p_sale.buyer_id, p_return_id, p_sale.id, -(v_rest[1]).amount,
    v_booked.currency);
  update leadgen.buyers b set replacements = b.replacements + 1 where b.id = p_sale.buyer_id;
end;
$$;
comment on function billing.owe_replacement(leadgen.lead_assignments, bigint, timestamptz) is
  'The buyer of a returned sale is owed a lead of the offer for what is left of its price. The caller holds the sale.';

create or replace function billing.use_replacements(p_sales bigint[], p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The one that is owed longest. One whose money an operator gave back meanwhile is worth nothing, and ends.
declare
  v_sale leadgen.lead_assignments;
  v_owed leadgen.replacements;
begin
  for v_sale in
    select a.* from leadgen.lead_assignments a where a.id = any (p_sales) order by a.buyer_id
  loop
    loop
      select r.* into v_owed
      from leadgen.replacements r
      where r.buyer_id = v_sale.buyer_id and r.offer_id = v_sale.offer_id and r.status = 'owed'
      order by r.id
      limit 1;
      exit when not found or billing.close_replacement(v_owed, v_sale.id, session_user, null, p_now);
    end loop;
  end loop;
end;
$$;
comment on function billing.use_replacements(bigint[], timestamptz) is
  'Sales that were just booked take the place of returned ones, where their buyers are owed a lead of the offer. The '
  'caller holds the buyers.';

create or replace function billing.close_replacement(
  p_owed leadgen.replacements,
  p_used_by bigint,
  p_by text,
  p_reason text,
  p_now timestamptz
)
returns boolean
language plpgsql
volatile
as $$
declare
  v_sale leadgen.lead_assignments;
  v_booked leadgen.ledger_transactions;
  v_rest billing.entry[];
  v_is_used boolean;
begin
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_owed.assignment_id;
  select t.* into v_booked from leadgen.ledger_transactions t where t.key = 'sale:' || v_sale.id;
  v_rest := billing.list_reversal(v_booked, null);
  v_is_used := p_used_by is not null and v_rest <> '{}';
  update leadgen.replacements r
  set
    status = case when v_is_used then 'used' else 'ended' end,
    used_by = case when v_is_used then p_used_by end,
    ended_at = p_now,
    ended_by = p_by,
    reason = case when v_rest = '{}' then 'the money was given back already' else p_reason end
  where r.id = p_owed.id;
  update leadgen.buyers b set replacements = b.replacements - 1 where b.id = p_owed.buyer_id;
  if v_rest <> '{}' then
    perform billing.post('return', 'return:' || p_owed.return_id, v_booked.currency, v_rest, p_now,
      case
        when v_is_used then format('replaced by sale %s', p_used_by)
        else left('not replaced: ' || p_reason, 500)
      end,
      v_booked.id, v_sale);
    perform billing.queue_leads(array[v_sale.lead_id]);
  end if;
  return v_is_used or p_used_by is null;
end;
$$;
comment on function billing.close_replacement(leadgen.replacements, bigint, text, text, timestamptz) is
  'Gives back what is left of the returned sale, because this sale replaced it, or, null, without one. False: nothing '
  'was left, so the sale replaced nothing. The caller holds the buyer.';

create or replace function billing.end_replacement(p_replacement_id bigint, p_reason text)
returns numeric
language plpgsql
volatile
as $$
declare
  v_reason constant text := billing.read_reason(p_reason);
  v_buyer_id constant bigint := (select r.buyer_id from leadgen.replacements r where r.id = p_replacement_id);
  v_owed leadgen.replacements;
begin
  perform billing.lock_buyers(array[v_buyer_id], true);
  select r.* into v_owed from leadgen.replacements r where r.id = p_replacement_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such replacement', 'replacement_id', p_replacement_id::text,
      'the id of a replacement', 'See: leadgen money replacements list.');
  elsif v_owed.status <> 'owed' then
    perform kernel.refuse('LG409', format('Replacement %s is owed no more', v_owed.id), 'status', v_owed.status,
      'owed');
  end if;
  perform billing.close_replacement(v_owed, null, session_user, v_reason, leadgen.clock());
  return (
    select coalesce(-sum(e.amount), 0)
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
    where t.key = 'return:' || v_owed.return_id);
end;
$$;
comment on function billing.end_replacement(bigint, text) is 'The work of leadgen.end_replacement.';

create or replace function billing.list_vain_replacements(p_buyer_id bigint)
returns setof leadgen.replacements
language sql
stable
as $$
  select r.*
  from leadgen.replacements r
  join leadgen.buyers b on b.id = r.buyer_id
  join leadgen.offers o on o.id = r.offer_id
  where r.status = 'owed' and (p_buyer_id is null or r.buyer_id = p_buyer_id)
    and (not b.is_active or not o.is_active or b.billing_mode = 'none' or not exists (
      select from leadgen.buyer_offers e where e.buyer_id = r.buyer_id and e.offer_id = r.offer_id and e.is_active));
$$;
comment on function billing.list_vain_replacements(bigint) is
  'What a buyer, or null, any is owed a lead for and cannot get one: buyer, offer or enrollment is switched off.';

create or replace function billing.end_vain_replacements(p_buyer_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
declare
  v_owed leadgen.replacements;
begin
  for v_owed in select r.* from billing.list_vain_replacements(p_buyer_id) r order by r.id limit 100 loop
    perform billing.close_replacement(v_owed, null, 'auto', 'the buyer takes no leads of the offer any more', p_now);
  end loop;
end;
$$;
comment on function billing.end_vain_replacements(bigint, timestamptz) is
  'Gives the money of a buyer''s returned sales back that no lead can replace, a hundred at a time. The caller holds '
  'the buyer.';

create or replace function billing.list_broken_replacements()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'replacement_is_booked', format('replacement %s (%s, sale %s, %s): %s is left of the sale', r.id, r.status,
    r.assignment_id, a.outcome, coalesce(s.amount_left, 0))
  from leadgen.replacements r
  join leadgen.lead_assignments a on a.id = r.assignment_id
  left join lateral (
    select e.amount + (
      select coalesce(sum(x.amount), 0)
      from leadgen.ledger_transactions g
      join leadgen.ledger_entries x on x.transaction_id = g.id and x.account = e.account
      where g.reverses_id = t.id) as amount_left
    from leadgen.ledger_transactions t
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
    where t.key = 'sale:' || a.id
  ) s on true
  where a.outcome <> 'returned' or a.buyer_id <> r.buyer_id or s.amount_left is null
    or (r.status = 'owed' and s.amount_left > r.amount) or (r.status <> 'owed' and s.amount_left <> 0)
    or not exists (
      select from leadgen.sale_returns x
      where x.id = r.return_id and x.assignment_id = r.assignment_id and x.gives = 'replacement')
    or (r.used_by is not null and not exists (
      select from leadgen.lead_assignments u
      where u.id = r.used_by and u.buyer_id = r.buyer_id and u.offer_id = r.offer_id))
  union all
  select 'replacements_are_counted', format('buyer %s: %s are owed, its row says %s', b.id, count(r.id), b.replacements)
  from leadgen.buyers b
  left join leadgen.replacements r on r.buyer_id = b.id and r.status = 'owed'
  group by b.id
  having count(r.id) <> b.replacements;
end;
$$;
comment on function billing.list_broken_replacements() is
  'What is wrong with replacements: one is owed for a sale that was not returned for one, or whose money is back; one '
  'is used or ended and the money is not back; a buyer''s count is another.';
