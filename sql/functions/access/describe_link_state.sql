create or replace function leadgen.describe_link_state(
  p_kind text,
  p_sale leadgen.lead_assignments,
  p_now timestamptz,
  out state text,
  out message text
)
language plpgsql
stable
as $$
declare
  v_status constant text := (
    select r.status from leadgen.sale_returns r where r.assignment_id = p_sale.id order by r.id desc limit 1);
  v_answer constant text := case p_kind when 'accept' then 'accepted' else 'returned' end;
  v_end constant record := leadgen.find_answer_end(p_sale, v_answer);
begin
  state := case
    when p_sale.outcome = 'returned' then case when v_status = 'approved' then 'returned' else 'too_late' end
    when leadgen.has_ended(p_sale) then 'too_late'
    when v_status in ('received', 'requested') then 'requested'
    when p_kind = 'accept' and p_sale.outcome = 'accepted' then 'accepted'
    when p_kind = 'return' and v_status = 'refused' then 'refused'
    when v_end.ends_at <= p_now then 'too_late'
    else 'open'
  end;
  message := case state
    when 'returned' then 'You have returned this lead.'
    when 'requested' then 'You have asked to return this lead; it is being decided.'
    when 'accepted' then 'You have accepted this lead.'
    when 'refused' then 'The return of this lead was refused; it stays yours.'
    when 'too_late' then case
      when leadgen.has_ended(p_sale) then 'This sale has ended; the lead is no longer yours.'
      else format('The time in which this lead could be %s has ended.', v_answer)
    end
    else format('You can %s this lead%s.', p_kind, coalesce(' until ' || (
      select to_char(v_end.ends_at at time zone m.timezone, 'YYYY-MM-DD HH24:MI') || ' ' || m.timezone
      from leadgen.markets m where m.id = p_sale.market_id), ''))
  end;
end;
$$;
comment on function leadgen.describe_link_state(text, leadgen.lead_assignments, timestamptz) is
  'Whether the holder of a link can still accept or return the sale: open, accepted, returned, requested, refused or too_late, and that in words.';
