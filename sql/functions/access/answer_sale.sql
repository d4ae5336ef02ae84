create or replace function leadgen.answer_sale(
  p_key_hash text,
  p_assignment_id bigint,
  p_answer text,
  p_reason text default null,
  p_note text default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_sale constant leadgen.lead_assignments := leadgen.find_own_sale(leadgen.check_buyer(p_key_hash), p_assignment_id);
begin
  if p_answer = 'accept' then
    perform leadgen.accept_sale(v_sale.id);
  elsif p_answer = 'return' then
    return leadgen.request_return(v_sale.id, p_reason, p_note, 'api');
  else
    perform leadgen.refuse('LG400', 'Not an answer to a sale', 'answer', 'something else', 'accept, return');
  end if;
  return leadgen.describe_answer(v_sale.id);
end;
$$;
comment on function leadgen.answer_sale(text, bigint, text, text, text) is
  'The holder of a buyer''s key accepts or returns one of its sales: {assignment_id, outcome, return: {status, reason} or null}. LG401 without a key, LG404 for a sale that is not its own; see leadgen.accept_sale and leadgen.request_return.';
