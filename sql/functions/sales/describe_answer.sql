create or replace function leadgen.describe_answer(p_assignment_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'assignment_id', a.id,
      'outcome', a.outcome,
      'return', (
        select jsonb_build_object('status', r.status, 'reason', r.reason_code)
        from leadgen.sale_returns r
        where r.assignment_id = a.id
        order by r.id desc
        limit 1))
    from leadgen.lead_assignments a
    where a.id = p_assignment_id
  );
end;
$$;
comment on function leadgen.describe_answer(bigint) is
  'What a buyer is told of its answer: the sale''s outcome and its latest return, null if there was none.';
