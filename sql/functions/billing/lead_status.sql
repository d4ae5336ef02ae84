-- How far a lead is billed and paid: leads.billing_status.
--
--   pending ◄──► billed ◄──► paid          and disputed from and to each of them
--   all these ──► refunded ──► pending, paid: the lead was sold again
--
-- It follows from the lead's booked sales, those of buyers that are prepaid or invoiced and not free. Each sale is
--
--   refunded   nothing of its price is left: it was given back
--   disputed   its invoice is, or is open while a payment that was made for it is disputed
--   paid       its invoice is paid; or it was taken from the buyer's balance, and its buyer has accepted it where that
--              is asked for
--   billed     its invoice is sent, and open
--   pending    else: on no invoice that was sent, or reserved until its buyer accepts
--
-- and the lead is refunded when all of them are; else, of those that are not refunded: disputed when one is, paid when
-- all are, billed when all are billed or paid, else pending. A lead without a booked sale is pending.
--
-- A new lead is inserted with its status. Whoever holds a lead when its money moves settles it at once. All others hold
-- buyers, which come after leads in the order of locks: they leave a row in billing_changes, and a chore follows.

create or replace function billing.is_paid_at_once(
  p_snapshot kernel.snapshot,
  p_decision kernel.decision,
  p_acceptance text
)
returns boolean
language plpgsql
immutable
as $$
declare
  c_is_prepaid constant integer := kernel.flag('is_prepaid');
  c_is_invoiced constant integer := kernel.flag('is_invoiced');
  v_place integer;
  v_is_paid boolean := false;
begin
  foreach v_place in array p_decision.winners loop
    continue when p_snapshot.prices[v_place] = 0;
    if p_snapshot.flags[v_place] & c_is_invoiced > 0 then
      return false;
    end if;
    v_is_paid := v_is_paid or p_snapshot.flags[v_place] & c_is_prepaid > 0;
  end loop;
  return v_is_paid and p_acceptance <> 'explicit';
end;
$$;
comment on function billing.is_paid_at_once(kernel.snapshot, kernel.decision, text) is
  'Whether a new lead is paid with its sale: every buyer that pays for it is prepaid and need not accept it first.';

create or replace function billing.judge_leads(p_lead_ids bigint[])
returns table (lead_id bigint, status leadgen.billing_status)
language plpgsql
stable
as $$
begin
  return query
  with sale as materialized (
    select a.lead_id, a.id as assignment_id, t.id as transaction_id, a.acceptance, e.account, e.amount + (
        select coalesce(sum(x.amount), 0)
        from leadgen.ledger_transactions r
        join leadgen.ledger_entries x on x.transaction_id = r.id and x.account = e.account
        where r.reverses_id = t.id) as amount_left
    from leadgen.lead_assignments a
    join leadgen.ledger_transactions t on t.key = 'sale:' || a.id
    join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
    where a.lead_id = any (p_lead_ids) and a.billing_mode in ('prepaid', 'invoiced')
  ),
  state as (
    select s.lead_id, case
      when s.amount_left <= 0 then 'refunded'
      when i.status = 'disputed' or (i.status in ('sent', 'partly_paid', 'overdue') and exists (
        select from leadgen.payments p where p.invoice_id = i.id and p.status = 'disputed')) then 'disputed'
      when i.status = 'paid' or (s.account = 'buyer_prepaid' and (s.acceptance is distinct from 'explicit'
        or exists (select from leadgen.ledger_transactions t where t.key = 'accept:' || s.assignment_id))) then 'paid'
      when i.status in ('sent', 'partly_paid', 'overdue') then 'billed'
      else 'pending'
    end as word
    from sale s
    left join leadgen.invoice_lines n on n.transaction_id = s.transaction_id
    left join leadgen.invoices i on i.id = n.invoice_id
  )
  select l.id, case
      when count(s.word) = 0 then 'pending'
      when bool_and(s.word = 'refunded') then 'refunded'
      when bool_or(s.word = 'disputed') then 'disputed'
      when bool_and(s.word in ('refunded', 'paid')) then 'paid'
      when bool_and(s.word in ('refunded', 'paid', 'billed')) then 'billed'
      else 'pending'
    end::leadgen.billing_status
  from (select distinct u.id from unnest(p_lead_ids) u (id)) l
  left join state s on s.lead_id = l.id
  group by l.id;
end;
$$;
comment on function billing.judge_leads(bigint[]) is
  'What the billing_status of these leads is by the ledger and the invoices; the head of this file has the rule.';

create or replace function billing.settle_leads(p_lead_ids bigint[], p_now timestamptz)
returns integer
language plpgsql
volatile
as $$
-- The leads are locked first, by id, so that what is read then is the latest. Who settles at the same time waits.
-- What somebody wrote by hand must not stop the others: refunded though it is not, it is pending before it is billed.
declare
  v_count integer;
  v_rest bigint[];
begin
  perform from leadgen.leads l where l.id = any (p_lead_ids) order by l.id for no key update;
  with settled as (
    update leadgen.leads l
    set
      billing_status = n.status,
      billed_at = case when n.status in ('billed', 'paid') then coalesce(l.billed_at, p_now) else l.billed_at end,
      paid_at = case n.status when 'paid' then p_now end,
      updated_at = p_now
    from billing.judge_leads(p_lead_ids) j
    join leadgen.leads b on b.id = j.lead_id
    cross join lateral (
      select case
        when b.billing_status = 'refunded' and j.status in ('billed', 'disputed') then 'pending' else j.status
      end as status
    ) n
    where l.id = j.lead_id and l.billing_status <> j.status
    returning l.id, n.status <> j.status as is_under_way
  )
  select count(*), array_agg(s.id) filter (where s.is_under_way) into v_count, v_rest from settled s;
  if v_rest is not null then
    perform billing.settle_leads(v_rest, p_now);
  end if;
  return v_count;
end;
$$;
comment on function billing.settle_leads(bigint[], timestamptz) is
  'Brings the billing_status of these leads up to date: how many have another one now. The caller holds no buyer, or '
  'holds the leads already.';

create or replace function billing.queue_leads(p_lead_ids bigint[])
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.billing_changes (lead_id)
  select distinct u.id from unnest(p_lead_ids) u (id) where u.id is not null;
end;
$$;
comment on function billing.queue_leads(bigint[]) is
  'The billing_status of these leads has to follow; for whoever may not lock them.';

create or replace function billing.queue_invoice(p_invoice_id bigint)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.billing_changes (invoice_id) values (p_invoice_id);
end;
$$;
comment on function billing.queue_invoice(bigint) is
  'The billing_status of the leads on an invoice has to follow, whose state is another one now.';

create or replace function billing.follow_billing()
returns integer
language plpgsql
volatile
as $$
-- What was booked or sent is committed with the row that says so, and read after the leads are locked: so the last who
-- changes something is followed last. The leads of an invoice are queued first: so a turn locks 500 leads at most,
-- however many an invoice has.
declare
  v_first leadgen.billing_changes;
  v_leads bigint[];
  v_count integer;
begin
  select c.* into v_first from leadgen.billing_changes c order by c.id limit 1 for update skip locked;
  if not found then
    return 0;
  end if;
  if v_first.invoice_id is not null then
    delete from leadgen.billing_changes c where c.id = v_first.id;
    perform billing.queue_leads(array(
      select n.lead_id from leadgen.invoice_lines n where n.invoice_id = v_first.invoice_id));
    return 1;
  end if;
  with due as (
    select c.id from leadgen.billing_changes c
    where c.lead_id is not null
    order by c.id
    limit 500
    for update skip locked
  ),
  done as (
    delete from leadgen.billing_changes c using due d where c.id = d.id returning c.lead_id
  )
  select array_agg(d.lead_id), count(*) into v_leads, v_count from done d;
  perform billing.settle_leads(v_leads, leadgen.clock());
  return v_count;
end;
$$;
comment on function billing.follow_billing() is
  'Chore: brings the billing_status of leads up to date with what was booked or sent: how many rows of '
  'billing_changes it took; 0: there is none.';

create or replace function billing.list_broken_statuses(p_after_id bigint, p_last_id bigint)
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- What a worker has still to follow is no fault.
begin
  return query
  select 'billing_status_follows', format('lead %s is %s, its sales say %s', l.id, l.billing_status, j.status)
  from billing.judge_leads(array(
    select distinct a.lead_id from leadgen.lead_assignments a where a.id > p_after_id and a.id <= p_last_id)) j
  join leadgen.leads l on l.id = j.lead_id
  where l.billing_status <> j.status
    and not exists (select from leadgen.billing_changes c where c.lead_id = l.id)
    and not exists (
      select from leadgen.billing_changes c
      join leadgen.invoice_lines n on n.invoice_id = c.invoice_id
      where n.lead_id = l.id);
end;
$$;
comment on function billing.list_broken_statuses(bigint, bigint) is
  'Leads of these sales whose billing_status is not what the ledger and the invoices say.';
