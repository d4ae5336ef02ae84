-- Cost: what the source of a lead is paid, and what a sale must leave of its price.
--
-- A price is paid once a lead or for each sale; a percentage always is of the price of each sale. A sale of a lead
-- whose price is paid once is judged as if it were the lead's only one: another may be returned, and then it is. Only a
-- lead that another buyer has already (cost_terms.is_paid) costs no more than its percentage.

create or replace function kernel.find_cost(
  p_payout kernel.payout_settings,
  p_document jsonb,
  p_local_minute integer
)
returns kernel.cost_terms
language plpgsql
immutable
as $$
declare
  v_rule constant kernel.adjustment := (kernel.find_adjustments(p_payout.rules, p_document, p_local_minute))[1];
begin
  return (
    coalesce(v_rule.amount, 0), coalesce(v_rule.percent, 0), p_payout.is_per_sale, false, p_payout.min_margin,
    p_payout.min_margin_percent)::kernel.cost_terms;
end;
$$;
comment on function kernel.find_cost(kernel.payout_settings, jsonb, integer) is
  'What a lead costs by a payout policy at a minute of the market''s week: the first rule that holds; none: nothing.';

create or replace function kernel.cost_sale(p_cost kernel.cost_terms, p_price numeric, p_decimals integer)
returns numeric
language plpgsql
immutable
as $$
begin
  return kernel.round_price(
    case when p_cost.is_per_sale then p_cost.price else 0 end + p_price * p_cost.percent * 0.01, p_decimals);
end;
$$;
comment on function kernel.cost_sale(kernel.cost_terms, numeric, integer) is
  'What one sale at a price costs, rounded once; a price that is paid once a lead is not in it (kernel.cost_lead).';

create or replace function kernel.cost_sales(
  p_cost kernel.cost_terms,
  p_prices kernel.price[],
  p_decimals integer
)
returns numeric[]
language plpgsql
immutable
as $$
begin
  return array(
    select kernel.cost_sale(p_cost, p.amount, p_decimals)
    from unnest(p_prices) with ordinality p
    order by p.ordinality);
end;
$$;
comment on function kernel.cost_sales(kernel.cost_terms, kernel.price[], integer) is
  'What each of these sales costs: see kernel.cost_sale.';

create or replace function kernel.cost_lead(p_cost kernel.cost_terms, p_decimals integer)
returns numeric
language plpgsql
immutable
as $$
begin
  return case when p_cost.is_per_sale then 0 else kernel.round_price(p_cost.price, p_decimals) end;
end;
$$;
comment on function kernel.cost_lead(kernel.cost_terms, integer) is
  'What is paid once a lead, however many buyers get it; 0 where each sale is paid for.';

create or replace function kernel.find_full_cost(p_cost kernel.cost_terms, p_price numeric, p_decimals integer)
returns numeric
language plpgsql
immutable
as $$
begin
  if p_cost.is_per_sale is null then
    return null;
  end if;
  return kernel.cost_sale(p_cost, p_price, p_decimals)
    + case when p_cost.is_paid then 0 else kernel.cost_lead(p_cost, p_decimals) end;
end;
$$;
comment on function kernel.find_full_cost(kernel.cost_terms, numeric, integer) is
  'By what a sale at a price is judged: all that the lead costs if it is the only one. Null: its source is not paid.';

create or replace function kernel.find_least_margin(p_cost kernel.cost_terms, p_price numeric, p_decimals integer)
returns numeric
language plpgsql
immutable
as $$
begin
  return coalesce(
    greatest(p_cost.min_margin, round(p_price * p_cost.min_margin_percent * 0.01, p_decimals)), 0);
end;
$$;
comment on function kernel.find_least_margin(kernel.cost_terms, numeric, integer) is
  'What a sale at a price must leave after its cost: the larger of the two margins that the policy asks for, else 0.';

create or replace function kernel.covers_cost(p_cost kernel.cost_terms, p_price numeric, p_decimals integer)
returns boolean
language plpgsql
immutable
as $$
begin
  return p_price - kernel.find_full_cost(p_cost, p_price, p_decimals)
    >= kernel.find_least_margin(p_cost, p_price, p_decimals);
end;
$$;
comment on function kernel.covers_cost(kernel.cost_terms, numeric, integer) is
  'Whether a price covers what the lead costs and the margin.';

create or replace function kernel.describe_margin(p_cost kernel.cost_terms, p_price numeric, p_decimals integer)
returns text
language plpgsql
immutable
as $$
begin
  return format('price %s, cost %s, margin at least %s', round(p_price, p_decimals),
    kernel.find_full_cost(p_cost, p_price, p_decimals),
    round(kernel.find_least_margin(p_cost, p_price, p_decimals), p_decimals));
end;
$$;
comment on function kernel.describe_margin(kernel.cost_terms, numeric, integer) is
  'The numbers of the check margin: "price 10.00, cost 8.00, margin at least 3.00".';

create or replace function kernel.describe_cost(p_cost kernel.cost_terms)
returns jsonb
language plpgsql
immutable
as $$
begin
  if p_cost.is_per_sale is null then
    return null;
  end if;
  return jsonb_build_object(
    'per', case when p_cost.is_per_sale then 'sale' else 'lead' end, 'price', p_cost.price,
    'percent_of_revenue', p_cost.percent, 'is_paid', p_cost.is_paid, 'min_margin', p_cost.min_margin,
    'min_margin_percent', p_cost.min_margin_percent);
end;
$$;
comment on function kernel.describe_cost(kernel.cost_terms) is
  'What a lead costs as JSON; null: its source is not paid.';
