-- Notices: what a buyer is told that is no lead.

create or replace function outbox.name_topic(p_kind text)
returns text
language plpgsql
immutable
as $$
begin
  return case split_part(p_kind, '.', 1)
    when 'balance' then 'money' when 'credit' then 'money' when 'recharge' then 'money' when 'payment' then 'money'
    when 'invoice' then 'invoices'
    when 'endpoint' then 'deliveries' when 'lead' then 'deliveries'
  end;
end;
$$;
comment on function outbox.name_topic(text) is
  'What a kind of notice is about, as a buyer chooses what it is told: money, invoices or deliveries.';

create or replace function outbox.find_notice_address(p_buyer_id bigint, p_kind text)
returns text
language plpgsql
stable
as $$
-- A choice outlives whoever it names: who has left is told no more, and the account's address is.
begin
  return (
    select coalesce(u.email, b.email)
    from leadgen.buyers b
    left join leadgen.notice_choices c on c.buyer_id = b.id and c.topic = outbox.name_topic(p_kind)
    left join leadgen.users u on u.id = c.user_id and u.buyer_id = b.id and u.status = 'active'
    where b.id = p_buyer_id and b.notice_emails and c.is_wanted is not false);
end;
$$;
comment on function outbox.find_notice_address(bigint, text) is
  'To which address a buyer is told this kind of notice; null: it wants none by e-mail.';

create or replace function outbox.ensure_notice_endpoint(p_buyer_id bigint, p_kind text)
returns bigint
language plpgsql
volatile
as $$
-- A buyer who takes no leads by e-mail is told of its own endpoints by e-mail all the same.
declare
  v_address constant text := outbox.find_notice_address(p_buyer_id, p_kind);
begin
  insert into leadgen.endpoints (buyer_id, channel, target, created_at)
  select p_buyer_id, 'email', v_address, leadgen.clock()
  where v_address is not null and not exists (
    select from leadgen.endpoints e where (e.buyer_id, e.channel, e.target) = (p_buyer_id, 'email', v_address))
  on conflict do nothing;
  return (
    select e.id from leadgen.endpoints e
    where (e.buyer_id, e.channel, e.target) = (p_buyer_id, 'email', v_address) and e.disabled_at is null);
end;
$$;
comment on function outbox.ensure_notice_endpoint(bigint, text) is
  'The endpoint by which a buyer is told a kind of notice: the e-mail address that it chose, made an endpoint if it is '
  'none; null: it wants none, or the endpoint is disabled.';

create or replace function outbox.list_notice_endpoints(p_buyer_id bigint, p_kind text)
returns bigint[]
language plpgsql
volatile
as $$
begin
  return array_remove(outbox.ensure_notice_endpoint(p_buyer_id, p_kind) || array(
    select e.id
    from leadgen.buyers b
    join leadgen.endpoints e on e.buyer_id = b.id and e.channel = 'webhook' and e.target = b.webhook_url
    where b.id = p_buyer_id and e.disabled_at is null), null);
end;
$$;
comment on function outbox.list_notice_endpoints(bigint, text) is
  'The endpoints by which a buyer is told of its money: the e-mail address that it chose, unless it wants none, and '
  'its own webhook, where they are in use.';

create or replace function outbox.list_notice_choices(p_buyer_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object('is_on', b.notice_emails, 'address', b.email,
      'topics', (
        select jsonb_agg(jsonb_build_object('topic', t.topic, 'choice', case
          when c.is_wanted is false then 'off'
          else coalesce(c.user_id::text, 'account') end) order by t.place)
        from unnest(outbox.list_topics()) with ordinality as t (topic, place)
        left join leadgen.notice_choices c on c.buyer_id = b.id and c.topic = t.topic),
      'users', (
        select coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email)
          order by u.name, u.id), '[]')
        from (
          select w.* from leadgen.users w
          where w.buyer_id = b.id and w.status = 'active'
          order by w.name, w.id
          limit 200
        ) u))
    from leadgen.buyers b
    where b.id = p_buyer_id);
end;
$$;
comment on function outbox.list_notice_choices(bigint) is
  'What a buyer chose of each topic, off, account or the id of a user; whether e-mails are on at all, and who may be '
  'chosen.';

create or replace function outbox.list_topics()
returns text[]
language plpgsql
immutable
as $$
begin
  return '{money,invoices,deliveries}';
end;
$$;
comment on function outbox.list_topics() is 'What notices are about, as a buyer chooses among them.';

create or replace function outbox.set_notice_choices(p_buyer_id bigint, p_choices jsonb)
returns void
language plpgsql
volatile
as $$
-- An address is one that its owner has proved: that of a user who is active.
declare
  v_topic text;
  v_choice text;
begin
  if jsonb_typeof(p_choices) is distinct from 'object' or p_choices - outbox.list_topics() <> '{}' then
    perform kernel.refuse('LG400', 'The choices cannot be read', 'topic', 'another topic',
      array_to_string(outbox.list_topics(), ', '));
  end if;
  for v_topic, v_choice in select c.key, c.value from jsonb_each_text(p_choices) c order by c.key loop
    if (v_choice in ('off', 'account') or v_choice = any (array(
      select u.id::text from leadgen.users u where u.buyer_id = p_buyer_id and u.status = 'active'))) is not true then
      perform kernel.refuse('LG400', 'Notices cannot go there', v_topic, coalesce(left(v_choice, 30), 'nothing'),
        'off, account, or the id of an active user of yours');
    end if;
    insert into leadgen.notice_choices as n (buyer_id, topic, is_wanted, user_id)
    values (p_buyer_id, v_topic, v_choice <> 'off',
      case when v_choice not in ('off', 'account') then v_choice::bigint end)
    on conflict on constraint notice_choices_pkey do update
    set is_wanted = excluded.is_wanted, user_id = excluded.user_id
    where (n.is_wanted, n.user_id) is distinct from (excluded.is_wanted, excluded.user_id);
  end loop;
end;
$$;
comment on function outbox.set_notice_choices(bigint, jsonb) is
  'Keeps which notices a buyer gets by e-mail, and to whose address. LG400 names the topic that cannot be.';

create or replace function outbox.strike_out_address(p_buyer_id bigint, p_address text, p_put text, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Only an address that notices alone go to: one that is the buyer's own, or an enrollment's, is the buyer's. What is
-- being sent ends as it ends, and so does a lead that still waits there: it was sold.
declare
  v_id constant bigint := (
    select e.id from leadgen.endpoints e
    where (e.buyer_id, e.channel, e.target) = (p_buyer_id, 'email', p_address)
      and not exists (select from leadgen.enrollment_endpoints x where x.endpoint_id = e.id)
      and not exists (select from leadgen.buyers b where b.id = p_buyer_id and b.email = p_address));
begin
  update leadgen.deliveries d
  set target = p_put,
    status = case when d.status in ('pending', 'parked') then 'cancelled' else d.status end,
    next_attempt_at = case when d.status <> 'pending' then d.next_attempt_at end,
    finished_at = case when d.status in ('pending', 'parked') then p_now else d.finished_at end
  where d.endpoint_id = v_id and (d.notice_id is not null or d.finished_at is not null);
  update leadgen.endpoints e
  set target = p_put, disabled_at = p_now, announced_at = p_now, disabled_reason = 'its person was erased'
  where e.id = v_id;
end;
$$;
comment on function outbox.strike_out_address(bigint, text, text, timestamptz) is
  'Takes the address of a person who is erased out of a buyer''s endpoints and of what was sent there; what waits is '
  'cancelled.';

create or replace function outbox.queue_notice(p_buyer_id bigint, p_kind text, p_facts jsonb, p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_delivery_id bigint;
begin
  with notice as (
    insert into leadgen.notices (created_at, market_id, buyer_id, kind, facts)
    select
      v_now, coalesce(
        (select o.market_id from leadgen.buyer_offers bo join leadgen.offers o on o.id = bo.offer_id
          where bo.buyer_id = p_buyer_id order by bo.id limit 1),
        (select min(m.id) from leadgen.markets m)),
      p_buyer_id, p_kind, p_facts
    where exists (select from leadgen.markets)
    returning id, market_id
  )
  insert into leadgen.deliveries (
    created_at, market_id, notice_id, buyer_id, endpoint_id, channel, target, next_attempt_at
  )
  select v_now, n.market_id, n.id, e.buyer_id, e.id, e.channel, e.target, v_now
  from notice n
  join leadgen.endpoints e on e.id = p_endpoint_id and e.buyer_id = p_buyer_id
  returning id into v_delivery_id;
  if not found then
    if not exists (select from leadgen.endpoints e where e.id = p_endpoint_id and e.buyer_id = p_buyer_id) then
      perform kernel.refuse('LG409', 'The endpoint is not one of the notice''s buyer', 'endpoint_id',
        p_endpoint_id::text,
        'an endpoint of the buyer');
    end if;
    perform kernel.refuse('LG409', 'A notice needs a market, and there is none', 'market_id', 'no market',
      'at least one market');
  end if;
  perform outbox.ring_workers();
  return v_delivery_id;
end;
$$;
comment on function outbox.queue_notice(bigint, text, jsonb, bigint) is
  'Tells a buyer something that is no lead, by one of its endpoints; returns the delivery''s id.';

create or replace function outbox.compose_notice(p_notice leadgen.notices)
returns text
language plpgsql
stable
as $$
begin
  return json_build_object(
    'type', p_notice.kind,
    'version', 1,
    'timestamp', to_char(p_notice.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'data', case when p_notice.hook_id is null then jsonb_build_object('buyer_id', p_notice.buyer_id) else '{}' end
      || p_notice.facts)::text;
end;
$$;
comment on function outbox.compose_notice(leadgen.notices) is
  'The body that tells a buyer or a hook of something that is no lead: the notice''s kind and facts.';

create or replace function outbox.send_test(p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
as $$
-- One test at a time: a second click finds the first. It carries nothing of any lead.
declare
  v_endpoint constant leadgen.endpoints := outbox.lock_endpoint(p_endpoint_id);
  v_delivery_id bigint;
begin
  if v_endpoint.disabled_at is not null then
    perform kernel.refuse('LG409', format('Endpoint %s is disabled: a test would wait with the rest', p_endpoint_id),
      'endpoint_id', 'disabled: ' || v_endpoint.disabled_reason, 'an endpoint in use',
      'Enable it: leadgen.enable_endpoint.');
  end if;
  select d.id into v_delivery_id
  from leadgen.deliveries d
  join leadgen.notices n on n.id = d.notice_id and n.kind = 'webhook.test'
  where d.endpoint_id = p_endpoint_id and d.next_attempt_at is not null
  limit 1;
  if v_delivery_id is null and v_endpoint.hook_id is not null then
    return outbox.queue_hook_notice(v_endpoint.hook_id, 'webhook.test',
      jsonb_build_object('hook_id', v_endpoint.hook_id, 'message', 'This is a test.'));
  end if;
  return coalesce(v_delivery_id, outbox.queue_notice(v_endpoint.buyer_id, 'webhook.test',
    jsonb_build_object('endpoint_id', p_endpoint_id, 'message', 'This is a test. No lead was sold to you.'),
    p_endpoint_id));
end;
$$;
comment on function outbox.send_test(bigint) is 'The work of leadgen.send_test.';
