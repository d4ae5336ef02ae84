create or replace function leadgen.judge_answer(
  p_status integer,
  p_reply text,
  p_rules leadgen.response_rule[],
  out outcome text,
  out reason text,
  out error_class text
)
language plpgsql
immutable
as $$
-- The buyer's own rules come first, the first that holds decides. Without them a 2xx may say in JSON that the lead is
-- accepted or rejected, 409 says that the receiver has it already, 410 that it wants no more.
declare
  v_is_success constant boolean := p_status between 200 and 299;
  v_body jsonb;
  v_document jsonb;
  v_word text;
begin
  error_class := case
    when v_is_success then null
    when p_status between 300 and 399 then 'redirect'
    when p_status = 410 then 'gone'
    when p_status between 400 and 499 then 'http_4xx'
    when p_status between 500 and 599 then 'http_5xx'
    else 'protocol'
  end;
  if p_rules is not null or (v_is_success and p_reply ~* 'accepted|rejected') then
    v_body := leadgen.parse_reply(p_reply);
  end if;

  if p_rules is not null then
    v_document := jsonb_build_object('status', p_status, 'text', coalesce(left(p_reply, 2000), ''), 'body', v_body);
    select r.outcome, coalesce(r.reason, 'by the buyer''s response_rules') into outcome, reason
    from unnest(p_rules) with ordinality as r (tests, outcome, reason, position)
    where not exists (select from unnest(r.tests) t where (v_document @@ t.path) is not true)
    order by r.position
    limit 1;
    if found then
      if outcome in ('delivered', 'accepted', 'rejected') then
        error_class := null;
      end if;
      return;
    end if;
  end if;

  if v_is_success then
    v_word := lower(btrim(v_body ->> 'status'));
    outcome := case when v_word in ('accepted', 'rejected') then v_word else 'delivered' end;
    reason := case when v_word = 'rejected' then coalesce(leadgen.collapse_space(v_body ->> 'reason'), '') end;
  elsif p_status = 409 then
    outcome := 'delivered';
    error_class := null;
  else
    outcome := case when p_status = 410 then 'gone' else 'failed' end;
    reason := coalesce('HTTP ' || p_status, 'no status');
  end if;
end;
$$;
comment on function leadgen.judge_answer(integer, text, leadgen.response_rule[]) is
  'What a webhook''s answer means: delivered, accepted, rejected, gone, failed or refused; why, and what kind of trouble it is.';
