create or replace function leadgen.report_examples(p_tally leadgen.tally)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'lead_id', e.value -> 'lead_id',
      'actual', leadgen.name_sales(e.value -> 'before', p_tally.seats),
      'simulated', leadgen.name_sales(e.value -> 'after', p_tally.seats),
      'why', e.value -> 'why'
    ) order by e.ordinality), '[]')
    from jsonb_array_elements(p_tally.examples) with ordinality as e
  );
end;
$$;
comment on function leadgen.report_examples(leadgen.tally) is 'Some leads that a what-if sends elsewhere: who bought, who would have.';
