create or replace function leadgen.check_answer(
  p_sale leadgen.lead_assignments,
  p_open leadgen.assignment_outcome[],
  p_answer text,
  p_now timestamptz
)
returns void
language plpgsql
immutable
as $$
-- The window is half open: at answer_by it is over, for a lapse and an acceptance by silence are due then.
begin
  if p_sale.outcome <> all (p_open) or p_sale.released_at is not null then
    perform leadgen.refuse('LG409', format('Sale %s can no longer be %s: it is %s', p_sale.id, p_answer,
      concat_ws(', ', p_sale.outcome, split_part(p_sale.release_reason, ':', 1))),
      'outcome', p_sale.outcome::text, array_to_string(p_open, ', '));
  end if;
  if p_sale.answer_by <= p_now then
    perform leadgen.refuse('LG409', format('Sale %s can no longer be %s: its time to answer has ended', p_sale.id, p_answer),
      'answer_by', to_char(p_sale.answer_by at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'an answer before that');
  end if;
end;
$$;
comment on function leadgen.check_answer(leadgen.lead_assignments, leadgen.assignment_outcome[], text, timestamptz) is
  'LG409 unless a buyer may still accept or return this sale.';
