create or replace function leadgen.fits_offer_budget(p_load leadgen.offer_load, p_spent numeric)
returns boolean
language sql
immutable parallel safe
as $$
  select (p_load.spent_day + p_spent > p_load.budget_day) is not true
    and (p_load.spent_month + p_spent > p_load.budget_month) is not true;
$$;
comment on function leadgen.fits_offer_budget(leadgen.offer_load, numeric) is
  'Whether the offer''s own budgets leave room for this much more money.';
