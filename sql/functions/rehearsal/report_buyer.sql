create or replace function leadgen.report_buyer(p_sales integer, p_revenue numeric, p_all_sales numeric, p_capacity numeric)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object(
    'sales', coalesce(p_sales, 0),
    'revenue', coalesce(p_revenue, 0),
    'share', case when p_all_sales > 0 then round(coalesce(p_sales, 0) / p_all_sales, 4) else 0 end,
    'fill', case when p_capacity > 0 then round(coalesce(p_sales, 0) / p_capacity, 4) end);
end;
$$;
comment on function leadgen.report_buyer(integer, numeric, numeric, numeric) is
  'One buyer''s part: share of all sales (0 to 1), fill of what its caps allow (null: unlimited).';
