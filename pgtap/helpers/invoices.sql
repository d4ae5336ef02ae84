-- Invoices: a company that sends them, a tax, leads sold to one buyer, and how to tell what came of it.
create or replace function testkit.open_books(p_buyer text default 'Ace', p_row jsonb default '{}')
returns bigint
language plpgsql
volatile
as $$
-- Zone America/Chicago, 45.00 a lead, 8.25 percent sales tax in Texas, weekly periods.
declare
  v_offer_id constant bigint := testkit.open_offer('{}', p_buyer);
begin
  perform set_config('testkit.offer_id', v_offer_id::text, true);
  update leadgen.billing_settings set company = 'Acme Leads', address = E'1 Main St\nAustin, TX';
  insert into leadgen.tax_rates (country, region, rate, name) values ('US', 'US-TX', 8.25, 'Sales tax');
  update leadgen.buyers b
  set
    billing_mode = coalesce(p_row ->> 'billing_mode', 'invoiced'),
    billing_cycle = coalesce(p_row ->> 'billing_cycle', 'weekly'),
    invoices_by = coalesce(p_row ->> 'invoices_by', 'offer'),
    tax_country = coalesce(p_row ->> 'tax_country', 'US'),
    tax_region = coalesce(p_row ->> 'tax_region', 'US-TX'),
    tax_id = p_row ->> 'tax_id',
    is_tax_exempt = coalesce((p_row ->> 'is_tax_exempt')::boolean, false)
  from leadgen.buyer_offers e
  where e.offer_id = v_offer_id and b.id = e.buyer_id;
  return v_offer_id;
end;
$$;
comment on function testkit.open_books(text, jsonb) is
  'An offer with one buyer that is billed each week with 8.25 percent tax; the row overrides. The offer''s id.';

create or replace function testkit.sell_leads(p_offer_id bigint, p_count integer)
returns bigint[]
language plpgsql
volatile
as $$
declare
  v_ids bigint[] := '{}';
  v_first constant integer := (select count(*) from leadgen.leads);
begin
  for i in 1 .. p_count loop
    v_ids := v_ids || testkit.sell_lead(p_offer_id, v_first + i);
  end loop;
  return v_ids;
end;
$$;
comment on function testkit.sell_leads(bigint, integer) is 'Sells so many leads; the ids of the sales.';

create or replace function testkit.bill(p_at timestamptz)
returns text
language plpgsql
volatile
as $$
declare
  v_count integer := 0;
begin
  perform testkit.at_time(p_at);
  while roads.invoice_due_buyer() is not null loop
    v_count := v_count + 1;
    if v_count > 50 then
      raise exception 'the chore does not end';
    end if;
  end loop;
  return testkit.tell_invoices();
end;
$$;
comment on function testkit.bill(timestamptz) is 'What the worker does at a time, until nobody is left; testkit.tell_invoices.';

create or replace function testkit.tell_invoices()
returns text
language sql
stable
as $$
  select string_agg(format('%s %s %s+%s open %s', regexp_replace(i.invoice_number, '^DRAFT-.*', 'DRAFT'), i.status, i.amount_due,
    i.tax_amount, case when i.kind = 'invoice' then i.total_amount - i.paid_amount - i.credited_amount else 0 end), ', '
    order by i.series desc nulls last, i.number, i.id)
  from leadgen.invoices i;
$$;
comment on function testkit.tell_invoices() is 'Every document, invoices first: INV-2026-00001 sent 135.00+11.13 open 146.13.';

create or replace function testkit.tell_billed()
returns text
language sql
stable
as $$
  select string_agg(
    format('%s: %s = %s - %s + %s', r.buyer, r.ledger, r.invoiced, r.credited, r.unbilled), ', ' order by r.buyer_id)
  from report.billed r;
$$;
comment on function testkit.tell_billed() is 'Ledger = invoiced - credited + unbilled, by buyer: Ace: 90.00 = 135.00 - 0 + -45.00.';
