-- Road: a buyer answers.

create or replace function roads.answer_sale(
  p_key_hash text,
  p_assignment_id bigint,
  p_answer text,
  p_reason text default null,
  p_note text default null,
  p_evidence jsonb default null
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.answer_own_sale(
    identity.authenticate_buyer(p_key_hash, 'answer'), p_assignment_id, p_answer, p_reason, p_note, 'api', p_evidence);
end;
$$;
comment on function roads.answer_sale(text, bigint, text, text, text, jsonb) is 'The work of leadgen.answer_sale.';

create or replace function roads.answer_own_sale(
  p_buyer_id bigint,
  p_assignment_id bigint,
  p_answer text,
  p_reason text,
  p_note text,
  p_via text,
  p_evidence jsonb default null
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_sale constant leadgen.lead_assignments := market.find_own_sale(p_buyer_id, p_assignment_id);
begin
  if p_answer = 'accept' then
    perform roads.accept_sale(v_sale.id);
  elsif p_answer = 'return' then
    return roads.request_return(v_sale.id, p_reason, p_note, p_via, p_evidence);
  else
    perform kernel.refuse('LG400', 'There is no such answer to a sale', 'answer', 'another value', 'accept, return');
  end if;
  return market.describe_answer(v_sale.id);
end;
$$;
comment on function roads.answer_own_sale(bigint, bigint, text, text, text, text, jsonb) is
  'A buyer accepts or returns a sale of its own. LG404 for another''s.';

create or replace function roads.answer_by_link(
  p_token text,
  p_reason text default null,
  p_note text default null,
  p_report jsonb default null
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_link constant record := identity.open_link(p_token);
begin
  case v_link.kind
    when 'accept' then
      perform roads.accept_sale(v_link.id);
    when 'return' then
      perform roads.request_return(v_link.id, p_reason, p_note, 'link');
    when 'report' then
      perform roads.report_outcome(v_link.id, coalesce(p_report, '{}'), 'link');
    else
      perform outbox.cancel_notices(v_link.id, leadgen.clock());
      perform auditing.note_actor(format('buyer %s by a link', v_link.id));
      update leadgen.buyers b set notice_emails = false where b.id = v_link.id and b.notice_emails;
      return roads.read_link(p_token);
  end case;
  return roads.read_link(p_token) || market.describe_answer(v_link.id);
end;
$$;
comment on function roads.answer_by_link(text, text, text, jsonb) is 'The work of leadgen.answer_by_link.';

create or replace function roads.read_link(p_token text)
returns jsonb
language plpgsql
stable
as $$
-- Who reads mail for others may follow its links: nothing is changed here, and of the lead only its place is shown.
declare
  v_link constant record := identity.open_link(p_token);
  v_sale leadgen.lead_assignments;
  v_state record;
  v_facts jsonb;
begin
  if v_link.kind = 'unsubscribe' then
    select case
      when b.notice_emails then jsonb_build_object('state', 'open',
        'message', 'Stop e-mails about your delivery addresses? Leads still come.')
      else jsonb_build_object('state', 'unsubscribed',
        'message', 'You get no more e-mails about your delivery addresses. Leads still come.')
    end || jsonb_build_object('buyer', b.name)
    into v_facts
    from leadgen.buyers b
    where b.id = v_link.id;
  else
    select a.* into v_sale from leadgen.lead_assignments a where a.id = v_link.id;
    v_state := market.describe_link_state(v_link.kind, v_sale, leadgen.clock());
    select jsonb_build_object(
      'state', v_state.state, 'message', v_state.message, 'lead_id', l.id, 'postal_code', l.postal_code,
      'offer', o.name, 'buyer', b.name,
      'sold_at', v_sale.created_at, 'timezone', m.timezone, 'price', v_sale.price::text, 'currency', v_sale.currency,
      'answer_by', v_sale.answer_by, 'return_by', v_sale.return_by,
      'reasons', case
        when v_link.kind = 'return' and v_state.state = 'open' then market.list_return_reasons()
        else '[]'
      end)
      || market.describe_reported(v_sale.id)
    into v_facts
    from leadgen.leads l
    join leadgen.offers o on o.id = v_sale.offer_id
    join leadgen.markets m on m.id = v_sale.market_id
    join leadgen.buyers b on b.id = v_sale.buyer_id
    where l.id = v_sale.lead_id and l.market_id = v_sale.market_id;
  end if;
  if v_facts is null then
    perform kernel.refuse('LG404', 'There is no such link');
  end if;
  return jsonb_build_object('kind', v_link.kind, 'id', v_link.id) || v_facts;
end;
$$;
comment on function roads.read_link(text) is 'The work of leadgen.read_link.';

create or replace function roads.show_sale(p_key_hash text, p_assignment_id bigint)
returns jsonb
language plpgsql
volatile
as $$
-- The lead is the buyer's own purchase, as long as it is one: when the sale has ended, row-level security shows none.
declare
  v_sale constant leadgen.lead_assignments := market.find_own_sale(
    identity.act_as_buyer(p_key_hash), p_assignment_id);
begin
  return (
    select market.describe_answer(v_sale.id) || jsonb_build_object(
      'lead_id', v_sale.lead_id,
      'offer', o.name,
      'sold_at', v_sale.created_at,
      'price', v_sale.price::text,
      'currency', v_sale.currency,
      'acceptance', coalesce(v_sale.acceptance, 'on_delivery'),
      'accepted_at', v_sale.accepted_at,
      'answer_by', v_sale.answer_by,
      'return_by', v_sale.return_by,
      'lead', case
        when l.id is not null and l.erased_at is null and not market.has_ended(v_sale) then jsonb_build_object(
        'name', l.name, 'email', l.email, 'phone', l.phone, 'phone_extension', l.phone_extension,
        'postal_code', l.postal_code, 'city', l.city, 'country_code', l.country_code,
        'region_code', l.region_code, 'message', l.message, 'attributes', l.attributes) end)
      || case
        when v_sale.disclosed <> '{}' and l.id is not null and l.erased_at is null
          and not market.has_ended(v_sale)
          then outbox.disclose(v_sale.disclosed, l)::jsonb
        else '{}'
      end
      || case
        when l.sealed is not null and l.erased_at is null and not market.has_ended(v_sale)
          then jsonb_build_object('sealed', encode(l.sealed, 'hex')) -- the API opens it
        else '{}'
      end
    from leadgen.offers o
    left join leadgen.leads l on l.id = v_sale.lead_id and l.market_id = v_sale.market_id
    where o.id = v_sale.offer_id
  );
end;
$$;
comment on function roads.show_sale(text, bigint) is 'The work of leadgen.show_sale.';

create or replace function roads.accept_sale(p_assignment_id bigint)
returns leadgen.assignment_outcome
language plpgsql
volatile
as $$
-- Who accepts has the lead, whatever the outbox knows of it.
declare
  v_now constant timestamptz := leadgen.clock();
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => false);
  v_status text;
begin
  if v_sale.outcome = 'accepted' then
    return v_sale.outcome;
  end if;
  perform market.check_answer(v_sale, 'accepted', v_now);
  select r.status into v_status
  from leadgen.sale_returns r
  where r.assignment_id = v_sale.id and r.status in ('received', 'requested');
  if found then
    perform kernel.refuse('LG409', format('Sale %s cannot be accepted: its return is being decided', v_sale.id),
      'return', v_status, 'a sale that nobody asked to return');
  end if;
  perform market.mark_accepted(v_sale, v_now);
  perform billing.earn_sales(array[v_sale.id], v_now);
  return 'accepted';
end;
$$;
comment on function roads.accept_sale(bigint) is 'The work of leadgen.accept_sale.';
