create or replace function leadgen.find_adjustments(p_rules leadgen.price_rule[], p_document jsonb, p_local_minute integer)
returns leadgen.adjustment[]
language plpgsql
immutable
as $$
begin
  if cardinality(p_rules) > 0 is not true then
    return '{}';
  end if;
  return array(
    select (r.step, r.amount, r.percent)::leadgen.adjustment
    from unnest(p_rules) with ordinality as r
    where (r.hours is null or p_local_minute <@ r.hours)
      and not exists (select from unnest(r.tests) t where (p_document @@ t.path) is not true)
    order by r.ordinality
  );
end;
$$;
comment on function leadgen.find_adjustments(leadgen.price_rule[], jsonb, integer) is
  'The steps of a pricing policy that hold for a lead at a minute of the market''s week, in the policy''s order.';
