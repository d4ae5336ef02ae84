-- What a what-if found, as JSON.

create or replace function rehearsal.report_tally(p_tally rehearsal.tally)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_counts constant jsonb := '{"sold": 0, "unsold": 0, "held": 0, "rejected": 0, "sales": 0, "revenue": 0}'::jsonb || p_tally.counts;
  v_valid constant numeric := (v_counts ->> 'sold')::numeric + (v_counts ->> 'unsold')::numeric + (v_counts ->> 'held')::numeric;
begin
  return v_counts || jsonb_build_object(
    'fill', case when v_valid > 0 then round((v_counts ->> 'sold')::numeric / v_valid, 4) end,
    'unsold_by_cause', (select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each(p_tally.causes) c where c.value <> '0'),
    'rejected_by_code', (select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each(p_tally.codes) c where c.value <> '0'));
end;
$$;
comment on function rehearsal.report_tally(rehearsal.tally) is
  'The totals of a what-if: sold, unsold, held, rejected, sales, revenue, fill (sold of valid leads), unsold_by_cause, rejected_by_code.';

create or replace function rehearsal.report_buyers(
  p_history rehearsal.tally,
  p_rehearsed rehearsal.tally,
  p_from timestamptz,
  p_to timestamptz
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_until constant timestamptz := least(p_to, leadgen.clock());
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', case when bo.id is not null then s.buyer_offer_id end,
      'buyer_id', b.id,
      'buyer', b.name,
      'actual', rehearsal.report_buyer(h.sales, h.revenue, (p_history.counts ->> 'sales')::numeric,
        rehearsal.find_capacity(caps.now, p_from, v_until)),
      'simulated', rehearsal.report_buyer(s.sales, s.revenue, (p_rehearsed.counts ->> 'sales')::numeric,
        rehearsal.find_capacity(caps.now || coalesce(s.changes, '{}'), p_from, v_until))
    ) order by s.revenue desc, s.buyer_offer_id), '[]')
    from unnest(p_rehearsed.seats) s
    join leadgen.buyers b on b.id = s.buyer_id
    left join unnest(p_history.seats) h on h.buyer_offer_id = s.buyer_offer_id
    left join leadgen.buyer_offers bo on bo.id = s.buyer_offer_id
    cross join lateral (select jsonb_build_object('cap_hour', bo.capacity_per_hour, 'cap_day', bo.capacity_per_day,
      'cap_week', bo.capacity_per_week, 'cap_month', bo.capacity_per_month) as now) caps
  );
end;
$$;
comment on function rehearsal.report_buyers(rehearsal.tally, rehearsal.tally, timestamptz, timestamptz) is
  'The buyers of a what-if: sales, revenue, share of all sales and fill of their caps, as it was and as it would have been.';

create or replace function rehearsal.report_buyer(p_sales integer, p_revenue numeric, p_all_sales numeric, p_capacity numeric)
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
comment on function rehearsal.report_buyer(integer, numeric, numeric, numeric) is
  'One buyer''s part: share of all sales (0 to 1), fill of what its caps allow (null: unlimited).';

create or replace function rehearsal.report_days(p_history rehearsal.tally, p_rehearsed rehearsal.tally)
returns jsonb
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'day', d.day,
      'actual', rehearsal.report_day(p_history.days, d.day),
      'simulated', rehearsal.report_day(p_rehearsed.days, d.day)) order by d.day), '[]')
    from (select distinct left(k, 10) as day from jsonb_object_keys(p_history.days || p_rehearsed.days) k) d
  );
end;
$$;
comment on function rehearsal.report_days(rehearsal.tally, rehearsal.tally) is
  'Leads sold and revenue by the day on which they came in, as it was and as it would have been.';

create or replace function rehearsal.report_day(p_days jsonb, p_day text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object('sold', coalesce(p_days -> (p_day || ' sold'), '0'), 'revenue', coalesce(p_days -> (p_day || ' revenue'), '0'));
end;
$$;
comment on function rehearsal.report_day(jsonb, text) is 'One day of a tally: sold and revenue.';

create or replace function rehearsal.report_examples(p_tally rehearsal.tally)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'lead_id', e.value -> 'lead_id',
      'actual', rehearsal.name_sales(e.value -> 'before', p_tally.seats),
      'simulated', rehearsal.name_sales(e.value -> 'after', p_tally.seats),
      'why', e.value -> 'why'
    ) order by e.ordinality), '[]')
    from jsonb_array_elements(p_tally.examples) with ordinality as e
  );
end;
$$;
comment on function rehearsal.report_examples(rehearsal.tally) is 'Some leads that a what-if sends elsewhere: who bought, who would have.';

create or replace function rehearsal.name_sales(p_outcome jsonb, p_seats rehearsal.seat[])
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('buyer_id', b.id, 'buyer', b.name, 'price', p_outcome -> 'prices' -> (w.ordinality::integer - 1))
      order by w.ordinality), '[]')
    from jsonb_array_elements_text(p_outcome -> 'seats') with ordinality as w
    join unnest(p_seats) s on s.buyer_offer_id = w.value::bigint
    join leadgen.buyers b on b.id = s.buyer_id
  );
end;
$$;
comment on function rehearsal.name_sales(jsonb, rehearsal.seat[]) is 'The sales of an outcome with the buyers'' names.';

create or replace function rehearsal.find_capacity(p_caps jsonb, p_from timestamptz, p_to timestamptz)
returns numeric
language plpgsql
immutable
as $$
declare
  v_days constant numeric := extract(epoch from p_to - p_from) / 86400;
begin
  return least(
    (p_caps ->> 'cap_hour')::numeric * ceil(v_days * 24),
    (p_caps ->> 'cap_day')::numeric * ceil(v_days),
    (p_caps ->> 'cap_week')::numeric * ceil(v_days / 7),
    (p_caps ->> 'cap_month')::numeric * ceil(v_days / 31));
end;
$$;
comment on function rehearsal.find_capacity(jsonb, timestamptz, timestamptz) is
  'How many leads caps (cap_hour, cap_day, cap_week, cap_month) allow in a period, about; null: unlimited.';
