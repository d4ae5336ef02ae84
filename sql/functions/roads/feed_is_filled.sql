-- Road: what happened goes into the feed. See sql/tables/feed.sql.
--
-- A turn of an origin: first the latest row is read, then who is writing, then rows that are not in the feed are added,
-- in the order of ids. Whoever had taken an id up to the latest is among those who write, or has ended, and then what
-- it committed is seen. So the next turn begins at that row; but where a writer has ended in the meantime, at the row
-- that was the latest when it was first seen, above which all its ids are. A transaction that stays open for an hour
-- costs one look back when it ends, and nothing before.

create or replace function roads.fill_feed()
returns integer
language plpgsql
volatile
as $$
-- One worker at a time, to the end of its transaction: so ids are committed in their order.
declare
  v_count integer := 0;
  v_mark leadgen.feed_marks;
begin
  if not pg_try_advisory_xact_lock(8, 0) then
    return 0;
  end if;
  for v_mark in select m.* from leadgen.feed_marks m order by m.origin loop
    v_count := v_count + roads.fill_feed_from(v_mark);
  end loop;
  return v_count;
end;
$$;
comment on function roads.fill_feed() is
  'Adds what is new in each origin to the feed, at most 500 rows of each; returns how many. 0 while another worker '
  'does it.';

create or replace function roads.fill_feed_from(p_mark leadgen.feed_marks)
returns integer
language plpgsql
volatile
as $$
-- The order matters: the latest row, who is writing, the rows. A turn looks at so many ids at most.
declare
  c_most constant integer := 500;
  c_widest constant integer := 50000;
  c_tables constant jsonb := '{"lead": "leads", "sale": "lead_assignments", "return": "sale_returns", "event": "events",
    "policy": "audit_entries"}';
  v_table constant regclass := format('leadgen.%I', c_tables ->> p_mark.origin)::regclass;
  v_latest_id constant bigint := roads.find_latest_of(p_mark.origin);
  v_mark leadgen.feed_marks := outbox.move_feed_mark(p_mark, v_latest_id, outbox.list_writers(v_table));
  v_after constant bigint := v_mark.scanned_id;
  v_to constant bigint := v_after + c_widest;
  v_added record;
begin
  case p_mark.origin
    when 'lead' then select a.* into v_added from roads.add_leads_to_feed(v_after, v_to, c_most) a;
    when 'sale' then select a.* into v_added from roads.add_sales_to_feed(v_after, v_to, c_most) a;
    when 'return' then select a.* into v_added from roads.add_returns_to_feed(v_after, v_to, c_most) a;
    when 'event' then select a.* into v_added from roads.add_events_to_feed(v_after, v_to, c_most) a;
    when 'policy' then select a.* into v_added from roads.add_policies_to_feed(v_after, v_to, c_most) a;
  end case;
  v_mark.scanned_id := least(v_mark.mark_id, case when v_added.rows < c_most then v_to else v_added.last_id end);
  perform outbox.set_feed_mark(v_mark);
  return v_added.rows;
end;
$$;
comment on function roads.fill_feed_from(leadgen.feed_marks) is
  'A turn of one origin of the feed; returns how many items were added. The caller holds the feed''s lock.';

create or replace function roads.find_latest_of(p_origin text)
returns bigint
language plpgsql
stable
as $$
-- A statement of its own of its caller, so that it sees what was committed until now.
begin
  return case p_origin
    when 'lead' then (select max(l.id) from leadgen.leads l)
    when 'sale' then (select max(a.id) from leadgen.lead_assignments a)
    when 'return' then (select max(r.id) from leadgen.sale_returns r)
    when 'event' then (select max(e.id) from leadgen.events e)
    when 'policy' then (select max(a.id) from leadgen.audit_entries a)
  end;
end;
$$;
comment on function roads.find_latest_of(text) is 'The highest id of an origin of the feed that is committed.';

create or replace function roads.add_leads_to_feed(
  p_after bigint,
  p_to bigint,
  p_most integer,
  out rows integer,
  out last_id bigint
)
language plpgsql
volatile
as $$
begin
  with added as (
    insert into leadgen.feed_items (created_at, happened_at, origin, origin_id, kind, for_buyers, facts)
    select
      leadgen.clock(), l.created_at, 'lead', l.id, 'lead.received', false,
      jsonb_strip_nulls(jsonb_build_object('lead_id', l.id, 'market_id', l.market_id, 'offer_id', l.offer_id,
        'source_id', l.source_id, 'is_valid', l.validation_reason is null,
        'reason', substring(l.validation_reason from '^[a-z][a-z0-9_]*$'), 'unsold_reason', l.unsold_reason,
        'held_until', kernel.write_instant(l.hold_until)))
    from leadgen.leads l
    where l.id > p_after and l.id <= p_to
      and not exists (select from leadgen.feed_items i where i.origin = 'lead' and i.origin_id = l.id)
    order by l.id
    limit p_most
    returning origin_id
  )
  select count(*), max(a.origin_id) into rows, last_id from added a;
end;
$$;
comment on function roads.add_leads_to_feed(bigint, bigint, integer) is
  'Adds leads between two ids that are not in the feed, by id; how many, and the highest.';

create or replace function roads.add_sales_to_feed(
  p_after bigint,
  p_to bigint,
  p_most integer,
  out rows integer,
  out last_id bigint
)
language plpgsql
volatile
as $$
begin
  with added as (
    insert into leadgen.feed_items (created_at, happened_at, origin, origin_id, kind, buyer_id, for_buyers, facts)
    select
      leadgen.clock(), a.created_at, 'sale', a.id, 'sale.made', a.buyer_id, true,
      jsonb_build_object('assignment_id', a.id, 'lead_id', a.lead_id, 'market_id', a.market_id, 'offer_id', a.offer_id,
        'buyer_id', a.buyer_id, 'price', a.price::text, 'currency', a.currency, 'is_exclusive', a.is_exclusive)
    from leadgen.lead_assignments a
    where a.id > p_after and a.id <= p_to
      and not exists (select from leadgen.feed_items i where i.origin = 'sale' and i.origin_id = a.id)
    order by a.id
    limit p_most
    returning origin_id
  )
  select count(*), max(a.origin_id) into rows, last_id from added a;
end;
$$;
comment on function roads.add_sales_to_feed(bigint, bigint, integer) is
  'Adds sales between two ids that are not in the feed, by id; how many, and the highest.';

create or replace function roads.add_returns_to_feed(
  p_after bigint,
  p_to bigint,
  p_most integer,
  out rows integer,
  out last_id bigint
)
language plpgsql
volatile
as $$
begin
  with added as (
    insert into leadgen.feed_items (created_at, happened_at, origin, origin_id, kind, buyer_id, for_buyers, facts)
    select
      leadgen.clock(), r.created_at, 'return', r.id, 'return.requested', r.buyer_id, true,
      jsonb_build_object('return_id', r.id, 'assignment_id', r.assignment_id, 'market_id', r.market_id,
        'offer_id', r.offer_id, 'buyer_id', r.buyer_id, 'reason', r.reason_code, 'via', r.via)
    from leadgen.sale_returns r
    where r.id > p_after and r.id <= p_to
      and not exists (select from leadgen.feed_items i where i.origin = 'return' and i.origin_id = r.id)
    order by r.id
    limit p_most
    returning origin_id
  )
  select count(*), max(a.origin_id) into rows, last_id from added a;
end;
$$;
comment on function roads.add_returns_to_feed(bigint, bigint, integer) is
  'Adds returns between two ids that are not in the feed, by id; how many, and the highest.';

create or replace function roads.add_events_to_feed(
  p_after bigint,
  p_to bigint,
  p_most integer,
  out rows integer,
  out last_id bigint
)
language plpgsql
volatile
as $$
-- A buyer sees ids, and the facts that its kind names. The words of an event, and its other facts, are for operators.
begin
  with added as (
    insert into leadgen.feed_items (
      created_at, happened_at, origin, origin_id, kind, buyer_id, for_buyers, facts, notes
    )
    select
      leadgen.clock(), e.created_at, 'event', e.id, coalesce(k.kind, 'event.noted'), e.buyer_id,
      coalesce(k.for_buyers and e.buyer_id is not null, false),
      jsonb_strip_nulls(jsonb_build_object('market_id', e.market_id, 'offer_id', e.offer_id, 'buyer_id', e.buyer_id,
        'buyer_offer_id', e.buyer_offer_id)) || coalesce(own.facts, '{}'),
      jsonb_build_object('event', e.kind, 'message', e.message, 'facts', e.facts)
    from leadgen.events e
    left join leadgen.feed_kinds k on e.kind = any (k.event_kinds)
    left join lateral (
      select jsonb_object_agg(f.key, f.value) as facts from jsonb_each(e.facts) f where f.key = any (k.own_facts)
    ) own on true
    where e.id > p_after and e.id <= p_to
      and not exists (select from leadgen.feed_items i where i.origin = 'event' and i.origin_id = e.id)
    order by e.id
    limit p_most
    returning origin_id
  )
  select count(*), max(a.origin_id) into rows, last_id from added a;
end;
$$;
comment on function roads.add_events_to_feed(bigint, bigint, integer) is
  'Adds events between two ids that are not in the feed, by id; how many, and the highest.';

create or replace function roads.add_policies_to_feed(
  p_after bigint,
  p_to bigint,
  p_most integer,
  out rows integer,
  out last_id bigint
)
language plpgsql
volatile
as $$
-- What changed is named, not shown: `leadgen audit` shows it.
begin
  with added as (
    insert into leadgen.feed_items (created_at, happened_at, origin, origin_id, kind, for_buyers, facts, notes)
    select
      leadgen.clock(), a.changed_at, 'policy', a.id, 'policy.changed', false,
      jsonb_build_object('policy', replace(a.table_name, '_policies', ''), 'policy_id', a.row_key -> 'id',
        'action', a.action, 'columns', coalesce(changed.names, '[]')),
      jsonb_strip_nulls(jsonb_build_object('audit_entry_id', a.id, 'login', a.login, 'actor', a.actor))
    from leadgen.audit_entries a
    cross join lateral (
      select jsonb_agg(k.name order by k.name collate "C") as names
      from jsonb_object_keys(case when a.action = 'update' then a.after end) k (name)
    ) changed
    where a.id > p_after and a.id <= p_to
      and a.table_name in ('validation_policies', 'routing_policies', 'pricing_policies', 'payout_policies')
      and not exists (select from leadgen.feed_items i where i.origin = 'policy' and i.origin_id = a.id)
    order by a.id
    limit p_most
    returning origin_id
  )
  select count(*), max(a.origin_id) into rows, last_id from added a;
end;
$$;
comment on function roads.add_policies_to_feed(bigint, bigint, integer) is
  'Adds the audit''s entries of policies between two ids that are not in the feed, by id; how many, and the highest.';

create or replace function roads.forget_feed()
returns integer
language plpgsql
volatile
as $$
-- What a hook in use has still to be sent is kept, and what is not settled, which would be added anew. Who asks for
-- what is gone is told so, by forgotten_to.
declare
  v_before constant timestamptz := leadgen.clock()
    - (select r.keep from leadgen.retention_rules r where r.name = 'feed');
  v_sent constant bigint := outbox.find_sent_item();
  v_count integer;
  v_last bigint;
begin
  with gone as (
    delete from leadgen.feed_items i
    where i.id in (
      select o.id
      from leadgen.feed_items o
      join leadgen.feed_marks m on m.origin = o.origin and m.settled_id >= o.origin_id
      where o.created_at < v_before and o.id <= v_sent
      order by o.id
      limit 1000
      for update of o skip locked)
    returning i.id
  )
  select count(*), max(g.id) into v_count, v_last from gone g;
  if v_count > 0 then
    update leadgen.feed_state s set forgotten_to = greatest(s.forgotten_to, v_last);
  end if;
  return v_count;
end;
$$;
comment on function roads.forget_feed() is
  'Deletes items of the feed that are older than the retention rule feed says and that every hook in use has been '
  'sent, at most 1,000; returns how many.';
