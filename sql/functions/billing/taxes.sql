-- Taxes: what is charged on a line, and the totals of a draft.

create or replace function billing.price_draft(p_invoice_id bigint)
returns void
language plpgsql
volatile
as $$
-- The rate is that of the day on which the line was booked. What takes back keeps the rate of what it takes back; its
-- tax is the tax on what was left before, less the tax on what is left after, so that all of it together is the tax
-- that was charged.
declare
  v_invoice leadgen.invoices;
  v_decimals integer;
begin
  select i.* into v_invoice from leadgen.invoices i where i.id = p_invoice_id;
  v_decimals := kernel.currency_minor_unit(v_invoice.currency);
  update leadgen.invoice_lines l
  set
    tax_name = r.name,
    tax_words = r.words,
    tax_percent = coalesce(r.rate, 0),
    tax_amount = round(l.amount * coalesce(r.rate, 0) / 100, v_decimals)
  from (
    select k.position, t.name, t.words, t.rate
    from leadgen.invoice_lines k
    left join lateral billing.find_tax(
      v_invoice.buyer_id, (k.booked_at at time zone v_invoice.timezone)::date) t on true
    where k.invoice_id = p_invoice_id and k.corrects_transaction_id is null
  ) r
  where l.invoice_id = p_invoice_id and l.position = r.position;

  update leadgen.invoice_lines l
  set
    tax_name = r.tax_name,
    tax_words = r.tax_words,
    tax_percent = r.tax_percent,
    tax_amount = sign(l.amount) * (round(r.rest * r.tax_percent / 100, v_decimals)
      - round((r.rest - abs(l.amount)) * r.tax_percent / 100, v_decimals))
  from (
    select k.position, o.tax_name, o.tax_words, o.tax_percent, o.amount - coalesce((
      select -sum(e.amount)
      from leadgen.ledger_transactions t
      join leadgen.ledger_entries e on e.transaction_id = t.id and e.account = o.account
      where t.reverses_id = o.transaction_id and t.id < k.transaction_id), 0) as rest
    from leadgen.invoice_lines k
    join leadgen.invoice_lines o on o.transaction_id = k.corrects_transaction_id
    where k.invoice_id = p_invoice_id
  ) r
  where l.invoice_id = p_invoice_id and l.position = r.position;

  update leadgen.invoices i
  set (total_leads, amount_due, tax_amount, total_amount) = (
    select count(distinct l.lead_id), coalesce(sum(l.amount), 0), coalesce(sum(l.tax_amount), 0),
      coalesce(sum(l.amount + l.tax_amount), 0)
    from leadgen.invoice_lines l
    where l.invoice_id = p_invoice_id)
  where i.id = p_invoice_id;
end;
$$;
comment on function billing.price_draft(bigint) is
  'The tax of a draft''s lines, each rounded once to the currency''s minor unit, and its totals.';

create or replace function billing.find_tax(p_buyer_id bigint, p_day date)
returns setof leadgen.tax_rates
language plpgsql
stable
rows 1
as $$
begin
  return query
  select r.*
  from leadgen.buyers b
  join leadgen.tax_rates r on r.country = b.tax_country and (r.region is null or r.region = b.tax_region)
  where b.id = p_buyer_id
    and p_day >= r.valid_from and (r.valid_until is null or p_day <= r.valid_until)
    and case r.kind
      when 'exempt' then b.is_tax_exempt
      when 'reverse_charge' then b.tax_id is not null and not b.is_tax_exempt
      else not b.is_tax_exempt
    end
  order by r.kind = 'standard', r.region is null, r.valid_from desc
  limit 1;
end;
$$;
comment on function billing.find_tax(bigint, date) is
  'The tax rate for a buyer on a day; none: no tax is charged. An exempt buyer pays none; for one with a tax id '
  'reverse charge goes first, where there is such a row; a region''s rate goes before its country''s.';
