create or replace function leadgen.announce_return(p_return leadgen.sale_returns, p_kind text, p_message text, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  values (
    p_now, p_kind, 'return ' || p_return.id, p_return.market_id, p_return.offer_id, p_return.buyer_id, p_return.buyer_offer_id,
    p_message,
    jsonb_build_object('return_id', p_return.id, 'assignment_id', p_return.assignment_id, 'reason', p_return.reason_code,
      'via', p_return.via))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function leadgen.announce_return(leadgen.sale_returns, text, text, timestamptz) is
  'Tells the operator of a return: return_requested (it is to be decided) or return_refused. Not in the buyer''s words.';
