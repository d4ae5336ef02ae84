-- What a what-if found, as JSON.

create or replace function rehearsal.report_totals(p_parts jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_counts constant jsonb :=
    '{"sold": 0, "unsold": 0, "held": 0, "rejected": 0}' || coalesce(p_parts -> 'counts', '{}');
  v_valid constant numeric :=
    (v_counts ->> 'sold')::numeric + (v_counts ->> 'unsold')::numeric + (v_counts ->> 'held')::numeric;
begin
  return v_counts || jsonb_build_object(
    'sales', rehearsal.sum_part(p_parts, 'sales'),
    'revenue', rehearsal.sum_part(p_parts, 'revenue'),
    'cost', rehearsal.sum_part(p_parts, 'cost'),
    'margin', rehearsal.sum_part(p_parts, 'revenue') - rehearsal.sum_part(p_parts, 'cost'),
    'fill', case when v_valid > 0 then round((v_counts ->> 'sold')::numeric / v_valid, 4) end,
    'unsold_by_cause', coalesce(p_parts -> 'causes', '{}'),
    'rejected_by_code', coalesce(p_parts -> 'codes', '{}'));
end;
$$;
comment on function rehearsal.report_totals(jsonb) is
  'The totals of a what-if: sold, unsold, held, rejected, sales, revenue, cost (what sources are paid), margin, fill '
  '(sold of valid leads), unsold_by_cause, rejected_by_code.';

create or replace function rehearsal.sum_part(p_parts jsonb, p_part text)
returns numeric
language plpgsql
immutable
as $$
begin
  return (select coalesce(sum(p.value::numeric), 0) from jsonb_each_text(p_parts -> p_part) p);
end;
$$;
comment on function rehearsal.sum_part(jsonb, text) is 'All numbers of a part of a tally.';

create or replace function rehearsal.report_buyers(
  p_plan rehearsal.plan,
  p_history jsonb,
  p_rehearsed jsonb,
  p_from timestamptz,
  p_to timestamptz
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_windows constant jsonb := rehearsal.count_windows(p_plan, p_from, p_to);
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', case when bo.id is not null then s.buyer_offer_id end,
      'buyer_id', b.id,
      'buyer', b.name,
      'actual', rehearsal.report_buyer(p_history, s.buyer_offer_id,
        rehearsal.find_capacity(to_jsonb(bo), v_windows)),
      'simulated', rehearsal.report_buyer(p_rehearsed, s.buyer_offer_id,
        rehearsal.find_capacity(coalesce(to_jsonb(bo), '{}') || coalesce(s.changes, '{}'), v_windows))
    ) order by coalesce((p_rehearsed -> 'revenue' ->> s.buyer_offer_id::text)::numeric, 0) desc, s.buyer_offer_id),
      '[]')
    from unnest(p_plan.seats) s
    join leadgen.buyers b on b.id = s.buyer_id
    left join leadgen.buyer_offers bo on bo.id = s.buyer_offer_id
  );
end;
$$;
comment on function rehearsal.report_buyers(rehearsal.plan, jsonb, jsonb, timestamptz, timestamptz) is
  'The buyers of a what-if: sales, revenue, share of all sales and fill of '
  'their caps, as it was and as it would have been.';

create or replace function rehearsal.report_buyer(p_parts jsonb, p_buyer_offer_id bigint, p_capacity numeric)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_sales constant numeric := coalesce((p_parts -> 'sales' ->> p_buyer_offer_id::text)::numeric, 0);
  v_all_sales constant numeric := rehearsal.sum_part(p_parts, 'sales');
begin
  return jsonb_build_object(
    'sales', v_sales,
    'revenue', coalesce(p_parts -> 'revenue' -> p_buyer_offer_id::text, '0'),
    'share', case when v_all_sales > 0 then round(v_sales / v_all_sales, 4) else 0 end,
    'fill', case when p_capacity > 0 then least(round(v_sales / p_capacity, 4), 1) end);
end;
$$;
comment on function rehearsal.report_buyer(jsonb, bigint, numeric) is
  'One buyer''s part of a tally: share of all sales, and fill, the part of what its caps allow in the windows in which '
  'leads came (null: unlimited); both 0 to 1.';

create or replace function rehearsal.report_days(p_history jsonb, p_rehearsed jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_before constant jsonb := coalesce(p_history -> 'days', '{}');
  v_after constant jsonb := coalesce(p_rehearsed -> 'days', '{}');
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'day', d.day,
      'actual', rehearsal.report_day(v_before, d.day),
      'simulated', rehearsal.report_day(v_after, d.day)) order by d.day), '[]')
    from (select distinct left(k, 10) as day from jsonb_object_keys(v_before || v_after) k) d
  );
end;
$$;
comment on function rehearsal.report_days(jsonb, jsonb) is
  'Leads sold and revenue by the day on which they came in, as it was and as it would have been.';

create or replace function rehearsal.report_day(p_days jsonb, p_day text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object(
    'sold', coalesce(p_days -> (p_day || ' sold'), '0'), 'revenue', coalesce(p_days -> (p_day || ' revenue'), '0'));
end;
$$;
comment on function rehearsal.report_day(jsonb, text) is 'One day of a tally: sold and revenue.';

create or replace function rehearsal.report_examples(p_plan rehearsal.plan, p_examples jsonb)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'lead_id', e.value -> 'lead_id',
      'actual', rehearsal.name_sales(e.value -> 'before', p_plan.seats),
      'simulated', rehearsal.name_sales(e.value -> 'after', p_plan.seats),
      'why', e.value -> 'why'
    ) order by e.ordinality), '[]')
    from jsonb_array_elements(p_examples) with ordinality as e
  );
end;
$$;
comment on function rehearsal.report_examples(rehearsal.plan, jsonb) is
  'Some leads that a what-if sends elsewhere: who bought, who would have.';

create or replace function rehearsal.name_sales(p_outcome jsonb, p_seats rehearsal.seat[])
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_id', b.id, 'buyer', b.name, 'price', p_outcome -> 'prices' -> (w.ordinality::integer - 1))
      order by w.ordinality), '[]')
    from jsonb_array_elements_text(p_outcome -> 'seats') with ordinality as w
    join unnest(p_seats) s on s.buyer_offer_id = w.value::bigint
    join leadgen.buyers b on b.id = s.buyer_id
  );
end;
$$;
comment on function rehearsal.name_sales(jsonb, rehearsal.seat[]) is 'The sales of an outcome with the buyers'' names.';

create or replace function rehearsal.count_windows(p_plan rehearsal.plan, p_from timestamptz, p_to timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- In the market's zone, though an enrollment may count in its own.
begin
  return (
    select jsonb_object_agg(w.span, (
      select count(distinct date_trunc(w.span, l.created_at, p_plan.timezone))
      from leadgen.leads l
      where l.offer_id = p_plan.offer_id and l.created_at >= p_from and l.created_at < p_to))
    from unnest(kernel.list_windows()) as w (span));
end;
$$;
comment on function rehearsal.count_windows(rehearsal.plan, timestamptz, timestamptz) is
  'In how many hours, days, weeks and months of a period leads came.';

create or replace function rehearsal.find_capacity(p_enrollment jsonb, p_windows jsonb)
returns numeric
language plpgsql
immutable
as $$
begin
  return (
    select min((p_enrollment ->> ('capacity_per_' || w.key))::numeric * w.value::numeric)
    from jsonb_each_text(p_windows) w);
end;
$$;
comment on function rehearsal.find_capacity(jsonb, jsonb) is
  'How many leads the caps of an enrollment allow in so many hours, days, weeks and months, about; null: unlimited.';
