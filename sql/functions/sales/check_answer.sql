create or replace function leadgen.check_answer(p_sale leadgen.lead_assignments, p_answer text, p_now timestamptz)
returns void
language plpgsql
immutable
as $$
-- The window is half open: at its end it is over, for a lapse and an acceptance by silence are due then. A sale that failed
-- is open as long as it is not about to be given to the next buyer.
declare
  v_open constant leadgen.assignment_outcome[] := case p_answer
    when 'accepted' then '{pending,delivered,unknown,failed}' else '{pending,delivered,accepted,unknown,failed}' end;
  v_end constant record := leadgen.find_answer_end(p_sale, p_answer);
begin
  if p_sale.outcome <> all (v_open) or leadgen.has_ended(p_sale) then
    perform leadgen.refuse('LG409', format('Sale %s can no longer be %s: it is %s', p_sale.id, p_answer,
      concat_ws(', ', p_sale.outcome, split_part(p_sale.release_reason, ':', 1))),
      'outcome', p_sale.outcome::text, array_to_string(v_open, ', '));
  end if;
  if v_end.ends_at <= p_now then
    perform leadgen.refuse('LG409', format('Sale %s can no longer be %s: its time for that has ended', p_sale.id, p_answer),
      v_end.field, to_char(v_end.ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'an answer before that');
  end if;
end;
$$;
comment on function leadgen.check_answer(leadgen.lead_assignments, text, timestamptz) is
  'LG409 unless this sale may still be accepted or returned.';
