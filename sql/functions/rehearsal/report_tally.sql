create or replace function leadgen.report_tally(p_tally leadgen.tally)
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
comment on function leadgen.report_tally(leadgen.tally) is
  'The totals of a what-if: sold, unsold, held, rejected, sales, revenue, fill (sold of valid leads), unsold_by_cause, rejected_by_code.';
