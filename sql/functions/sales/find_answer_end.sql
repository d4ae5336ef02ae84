create or replace function leadgen.find_answer_end(p_sale leadgen.lead_assignments, p_answer text, out field text, out ends_at timestamptz)
language plpgsql
immutable
as $$
-- Who has to accept first declines until answer_by; returning is for what was accepted, and for whoever need not say so.
-- A sale of before there were returns has no return_by.
begin
  field := case
    when p_answer = 'returned' and p_sale.return_by is not null and not leadgen.is_declinable(p_sale) then 'return_by'
    else 'answer_by'
  end;
  ends_at := case field when 'return_by' then p_sale.return_by else p_sale.answer_by end;
end;
$$;
comment on function leadgen.find_answer_end(leadgen.lead_assignments, text) is
  'Until when a sale may be accepted or returned, and which of its columns says so; null: without end.';
