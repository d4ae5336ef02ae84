-- Notices: what a buyer is told that is no lead.

create or replace function outbox.ensure_notice_endpoint(p_buyer_id bigint)
returns bigint
language plpgsql
volatile
as $$
-- A buyer who takes no leads by e-mail is told of its own endpoints by e-mail all the same.
declare
  v_endpoint_id bigint;
begin
  insert into leadgen.endpoints (buyer_id, channel, target, created_at)
  select b.id, 'email', b.email, leadgen.clock()
  from leadgen.buyers b
  where b.id = p_buyer_id and b.notice_emails
    and not exists (select from leadgen.endpoints e where (e.buyer_id, e.channel, e.target) = (b.id, 'email', b.email))
  on conflict do nothing;
  select e.id into v_endpoint_id
  from leadgen.buyers b
  join leadgen.endpoints e on e.buyer_id = b.id and e.channel = 'email' and e.target = b.email
  where b.id = p_buyer_id and b.notice_emails and e.disabled_at is null;
  return v_endpoint_id;
end;
$$;
comment on function outbox.ensure_notice_endpoint(bigint) is
  'The endpoint by which a buyer is told what is no lead: its e-mail address, made an endpoint if it is none; null: '
  'it wants no notices, or the endpoint is disabled.';

create or replace function outbox.list_notice_endpoints(p_buyer_id bigint)
returns bigint[]
language plpgsql
volatile
as $$
begin
  return array_remove(outbox.ensure_notice_endpoint(p_buyer_id) || array(
    select e.id
    from leadgen.buyers b
    join leadgen.endpoints e on e.buyer_id = b.id and e.channel = 'webhook' and e.target = b.webhook_url
    where b.id = p_buyer_id and e.disabled_at is null), null);
end;
$$;
comment on function outbox.list_notice_endpoints(bigint) is
  'The endpoints by which a buyer is told of its money: its e-mail address, unless it wants no notices, and its own '
  'webhook, where they are in use.';

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
