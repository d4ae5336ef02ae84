create or replace function leadgen.answer_by_link(p_token text, p_reason text default null, p_note text default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_link constant record := leadgen.open_link(p_token);
begin
  case v_link.kind
    when 'accept' then
      perform leadgen.accept_sale(v_link.id);
    when 'return' then
      perform leadgen.request_return(v_link.id, p_reason, p_note, 'link');
    else
      update leadgen.deliveries d
      set status = 'cancelled', next_attempt_at = null, finished_at = leadgen.clock()
      from leadgen.notices n
      where n.buyer_id = v_link.id and n.kind <> 'webhook.test' and d.notice_id = n.id and d.channel = 'email' and d.status = 'pending';
      update leadgen.buyers b set notice_emails = false where b.id = v_link.id and b.notice_emails;
      return leadgen.read_link(p_token);
  end case;
  return leadgen.read_link(p_token) || leadgen.describe_answer(v_link.id);
end;
$$;
comment on function leadgen.answer_by_link(text, text, text) is
  'Does what a link is for: accepts or returns the sale, or stops e-mails to the buyer about its delivery addresses. What leadgen.read_link shows then, with outcome and return. LG404 for anything that is no link of ours; see leadgen.accept_sale and leadgen.request_return.';
