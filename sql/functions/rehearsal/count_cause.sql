create or replace function leadgen.count_cause(p_tally leadgen.tally, p_outcome leadgen.outcome, p_sign integer)
returns leadgen.tally
language plpgsql
immutable
as $$
declare
  v_tally leadgen.tally := p_tally;
begin
  if p_outcome.category = 'rejected' then
    v_tally.codes := leadgen.add_to(v_tally.codes, p_outcome.cause, p_sign);
  elsif p_outcome.category in ('unsold', 'held') then
    v_tally.causes := leadgen.add_to(v_tally.causes, p_outcome.cause, p_sign);
  end if;
  return v_tally;
end;
$$;
comment on function leadgen.count_cause(leadgen.tally, leadgen.outcome, integer) is
  'A tally with the cause of an unsold lead, or the code of a rejected one, counted (1) or taken back (-1).';
