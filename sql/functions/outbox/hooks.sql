-- Hooks: the webhooks of operators, and the feed on its way to them.

create or replace function outbox.add_hook(p_name text, p_url text, p_kinds text[], out hook_id bigint, out secret text)
language plpgsql
volatile
as $$
-- What it is sent in order needs one delivery at a time.
declare
  c_most constant integer := 20;
  v_unknown constant text := (
    select min(w.kind collate "C") from unnest(p_kinds) w (kind)
    where w.kind not in (select k.kind from leadgen.feed_kinds k));
begin
  if p_name !~ E'^[^[:cntrl:]]{1,200}$' or p_name !~ E'\\S' or p_name is null then
    perform kernel.refuse('LG400', 'The hook needs a name', 'name', 'no such name', '1 to 200 characters');
  elsif v_unknown is not null then
    perform kernel.refuse('LG400', format('There is no kind %s', left(v_unknown, 50)), 'kinds', left(v_unknown, 50),
      (select string_agg(k.kind, ', ' order by k.kind collate "C") from leadgen.feed_kinds k));
  elsif p_url is null or length(p_url) > 500 then
    perform kernel.refuse('LG400', 'The hook needs a URL', 'url', coalesce(length(p_url) || ' characters', 'none'),
      'at most 500 characters');
  end if;
  perform catalog.check_webhook_url(p_url, 'url');
  lock table leadgen.operator_hooks in share row exclusive mode;
  if (select count(*) from leadgen.operator_hooks h where h.removed_at is null) >= c_most then
    perform kernel.refuse('LG409', 'There are too many hooks', 'hooks', c_most::text, format('at most %s', c_most),
      'Remove one: leadgen hooks remove ID.');
  end if;
  insert into leadgen.operator_hooks (created_at, name, url, kinds, last_item_id)
  values (leadgen.clock(), p_name, p_url, array(select distinct k from unnest(p_kinds) k order by k),
    outbox.find_feed_head())
  returning id into hook_id;
  secret := catalog.make_webhook_secret();
  insert into leadgen.hook_secrets (hook_id, created_at, secret)
  values (add_hook.hook_id, leadgen.clock(), add_hook.secret);
  insert into leadgen.endpoints (created_at, hook_id, channel, target, max_in_flight)
  values (leadgen.clock(), add_hook.hook_id, 'webhook', p_url, 1);
end;
$$;
comment on function outbox.add_hook(text, text, text[]) is 'The work of leadgen.add_hook.';

create or replace function outbox.list_hooks()
returns table (
  id bigint,
  name text,
  url text,
  kinds text[],
  is_active boolean,
  created_at timestamptz,
  items_behind bigint,
  waiting bigint,
  state text,
  failures_in_a_row integer,
  retry_at timestamptz,
  disabled_at timestamptz,
  disabled_reason text
)
language plpgsql
stable
as $$
begin
  return query
  select
    h.id, h.name::text, h.url::text, h.kinds, h.is_active, h.created_at, outbox.find_feed_head() - h.last_item_id,
    (select count(*) from leadgen.deliveries d where d.endpoint_id = e.id and d.next_attempt_at is not null),
    outbox.describe_health(e, leadgen.clock()), e.failures_in_a_row, e.retry_at, e.disabled_at, e.disabled_reason::text
  from leadgen.operator_hooks h
  join leadgen.endpoints e on e.hook_id = h.id
  where h.removed_at is null
  order by h.id;
end;
$$;
comment on function outbox.list_hooks() is 'The work of leadgen.list_hooks.';

create or replace function outbox.lock_hook(p_hook_id bigint)
returns leadgen.operator_hooks
language plpgsql
volatile
as $$
declare
  v_hook leadgen.operator_hooks;
begin
  select h.* into v_hook from leadgen.operator_hooks h where h.id = p_hook_id and h.removed_at is null
  for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such hook', 'hook_id', p_hook_id::text, 'an id of leadgen hooks list');
  end if;
  return v_hook;
end;
$$;
comment on function outbox.lock_hook(bigint) is
  'A hook that is not removed, its row locked until the transaction ends; LG404 when there is none.';

create or replace function outbox.find_hook_endpoint(p_hook_id bigint)
returns bigint
language plpgsql
stable
as $$
begin
  return (select e.id from leadgen.endpoints e where e.hook_id = p_hook_id);
end;
$$;
comment on function outbox.find_hook_endpoint(bigint) is 'The endpoint of a hook.';

create or replace function outbox.pause_hook(p_hook_id bigint)
returns boolean
language plpgsql
volatile
as $$
declare
  v_hook constant leadgen.operator_hooks := outbox.lock_hook(p_hook_id);
begin
  update leadgen.operator_hooks h set is_active = false where h.id = p_hook_id and h.is_active;
  perform outbox.disable_endpoint(outbox.find_hook_endpoint(p_hook_id), 'paused by an operator');
  return v_hook.is_active;
end;
$$;
comment on function outbox.pause_hook(bigint) is 'The work of leadgen.pause_hook.';

create or replace function outbox.resume_hook(p_hook_id bigint)
returns boolean
language plpgsql
volatile
as $$
declare
  v_hook constant leadgen.operator_hooks := outbox.lock_hook(p_hook_id);
  v_is_enabled constant boolean := outbox.enable_endpoint(outbox.find_hook_endpoint(p_hook_id));
begin
  update leadgen.operator_hooks h set is_active = true where h.id = p_hook_id and not h.is_active;
  return v_is_enabled or not v_hook.is_active;
end;
$$;
comment on function outbox.resume_hook(bigint) is 'The work of leadgen.resume_hook.';

create or replace function outbox.remove_hook(p_hook_id bigint)
returns void
language plpgsql
volatile
as $$
-- What is under way is not called back.
declare
  v_hook constant leadgen.operator_hooks := outbox.lock_hook(p_hook_id);
  v_endpoint_id constant bigint := outbox.find_hook_endpoint(v_hook.id);
begin
  update leadgen.operator_hooks h set is_active = false, removed_at = leadgen.clock() where h.id = v_hook.id;
  update leadgen.deliveries d
  set status = 'cancelled', next_attempt_at = null, finished_at = leadgen.clock()
  where d.endpoint_id = v_endpoint_id and d.status = 'pending' and d.next_attempt_at is not null;
  perform outbox.disable_endpoint(v_endpoint_id, 'removed by an operator');
end;
$$;
comment on function outbox.remove_hook(bigint) is 'The work of leadgen.remove_hook.';

create or replace function outbox.rotate_hook_secret(p_hook_id bigint, p_overlap interval)
returns text
language plpgsql
volatile
as $$
declare
  v_hook constant leadgen.operator_hooks := outbox.lock_hook(p_hook_id);
  v_secret constant text := catalog.make_webhook_secret();
  v_until timestamptz;
begin
  if p_overlap between interval '0' and interval '30 days' is not true then
    perform kernel.refuse('LG400', 'The overlap of the two secrets is out of bounds', 'p_overlap',
      coalesce(p_overlap::text, 'none'), '0 to 30 days');
  end if;
  select s.previous_secret_until into v_until from leadgen.hook_secrets s where s.hook_id = v_hook.id for no key update;
  if v_until > leadgen.clock() and p_overlap > interval '0' then
    perform kernel.refuse('LG409', format('Hook %s still has an old secret beside the current one', v_hook.id),
      'p_overlap', 'an old secret until ' || kernel.write_instant(v_until), 'a rotation after that, or an overlap of 0',
      'With an overlap of 0 both old secrets end at once.');
  end if;
  update leadgen.hook_secrets s
  set
    secret = v_secret,
    previous_secret = case when p_overlap > interval '0' then s.secret end,
    previous_secret_until = case when p_overlap > interval '0' then leadgen.clock() + p_overlap end
  where s.hook_id = v_hook.id;
  perform catalog.note_action('secret_rotated', format('hook %s', v_hook.id), null,
    format('hook %s: a new webhook secret; the old one signs too for %s', v_hook.id, p_overlap), '{}');
  return v_secret;
end;
$$;
comment on function outbox.rotate_hook_secret(bigint, interval) is 'The work of leadgen.rotate_hook_secret.';

create or replace function outbox.queue_hook_notice(p_hook_id bigint, p_kind text, p_facts jsonb)
returns bigint
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_delivery_id bigint;
begin
  with notice as (
    insert into leadgen.notices (created_at, market_id, hook_id, kind, facts)
    select v_now, min(m.id), p_hook_id, p_kind, p_facts from leadgen.markets m having count(*) > 0
    returning id, market_id
  )
  insert into leadgen.deliveries (created_at, market_id, notice_id, endpoint_id, channel, target, next_attempt_at)
  select v_now, n.market_id, n.id, e.id, e.channel, e.target, v_now
  from notice n
  join leadgen.endpoints e on e.hook_id = p_hook_id
  returning id into v_delivery_id;
  if not found then
    perform kernel.refuse('LG409', 'A notice needs a market, and there is none', 'market_id', 'no market',
      'at least one market');
  end if;
  perform outbox.ring_workers();
  return v_delivery_id;
end;
$$;
comment on function outbox.queue_hook_notice(bigint, text, jsonb) is
  'Tells a hook of operators something; returns the delivery''s id. LG409 while there is no market.';

create or replace function outbox.has_room_for_items(p_endpoint_id bigint)
returns boolean
language plpgsql
stable
as $$
-- A hook whose receiver is slow or away has at most 100 deliveries that wait; the rest stays in the feed. So does all
-- of it while there is no market.
begin
  return exists (select from leadgen.markets) and 100 > (
    select count(*)
    from leadgen.deliveries d
    where d.endpoint_id = p_endpoint_id and d.next_attempt_at is not null);
end;
$$;
comment on function outbox.has_room_for_items(bigint) is
  'Whether more of the feed may be queued for a hook, by its endpoint.';

create or replace function outbox.queue_hook_items()
returns bigint
language plpgsql
volatile
as $$
declare
  c_most constant integer := 100;
  v_head constant bigint := outbox.find_feed_head();
  v_forgotten_to constant bigint := (select s.forgotten_to from leadgen.feed_state s);
  v_hook leadgen.operator_hooks;
  v_items jsonb;
begin
  select h.* into v_hook
  from leadgen.operator_hooks h
  join leadgen.endpoints e on e.hook_id = h.id and e.disabled_at is null
  where h.is_active and h.last_item_id < v_head and outbox.has_room_for_items(e.id)
  order by h.last_item_id
  limit 1
  for no key update of h skip locked;
  if not found then
    return null;
  end if;
  select coalesce(jsonb_agg(i.item order by i.id), '[]') into v_items
  from (
    select f.id, jsonb_build_object('id', f.id, 'kind', f.kind, 'at', kernel.write_instant(f.happened_at),
      'data', f.facts || coalesce(f.notes, '{}')) as item
    from leadgen.feed_items f
    where f.id > v_hook.last_item_id and f.id <= v_head and (v_hook.kinds = '{}' or f.kind = any (v_hook.kinds))
    order by f.id
    limit c_most
  ) i;
  if v_items <> '[]' then
    perform outbox.queue_hook_notice(v_hook.id, 'feed.items', jsonb_strip_nulls(jsonb_build_object(
      'hook_id', v_hook.id, 'after', v_hook.last_item_id,
      'missing_to', case when v_hook.last_item_id < v_forgotten_to then v_forgotten_to end, 'items', v_items)));
  end if;
  update leadgen.operator_hooks h
  set last_item_id = case when jsonb_array_length(v_items) < c_most then v_head
    else (v_items -> -1 ->> 'id')::bigint end
  where h.id = v_hook.id;
  return v_hook.id;
end;
$$;
comment on function outbox.queue_hook_items() is
  'Queues what is new in the feed for one hook, at most 100 items; returns its id, null when nothing is due.';

create or replace function outbox.find_sent_item()
returns bigint
language plpgsql
stable
as $$
-- Items are copied into the notice. One whose receiver is switched off holds nothing back.
begin
  return coalesce((
    select min(h.last_item_id)
    from leadgen.operator_hooks h
    join leadgen.endpoints e on e.hook_id = h.id and e.disabled_at is null
    where h.is_active), outbox.find_feed_head());
end;
$$;
comment on function outbox.find_sent_item() is
  'The item of the feed up to which every hook in use has it in its deliveries.';

create or replace function outbox.test_hook(p_hook_id bigint)
returns bigint
language plpgsql
volatile
as $$
declare
  v_hook constant leadgen.operator_hooks := outbox.lock_hook(p_hook_id);
begin
  return outbox.send_test(outbox.find_hook_endpoint(v_hook.id));
end;
$$;
comment on function outbox.test_hook(bigint) is 'The work of leadgen.test_hook.';
