-- Feed: reading it. Ids are committed in their order (sql/tables/feed.sql), so a place in it is one id.

create or replace function outbox.list_writers(p_table regclass)
returns text[]
language plpgsql
volatile
as $$
-- Who takes an id has locked the table or, if by nextval before it inserts, the sequence; and keeps that lock until it
-- has ended.
declare
  v_sequence constant regclass := pg_get_serial_sequence(p_table::text, 'id')::regclass;
begin
  return array(
    select distinct l.virtualtransaction
    from pg_locks l
    where l.locktype = 'relation' and l.relation in (p_table, v_sequence)
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      and l.pid is distinct from pg_backend_pid()
  );
end;
$$;
comment on function outbox.list_writers(regclass) is
  'The virtual transactions that may be writing to a table now, but for the caller''s own.';

create or replace function outbox.move_feed_mark(p_mark leadgen.feed_marks, p_latest_id bigint, p_writers text[])
returns leadgen.feed_marks
language plpgsql
immutable
as $$
-- A writer that was not there at the turn before has taken its ids since then: they are above what was the latest. One
-- of a prepared transaction is new by its name alone.
declare
  v_mark_id constant bigint := coalesce(p_mark.mark_id, p_mark.settled_id);
  v_gone_from constant bigint := (
    select min(coalesce(p_mark.floors[w.place], p_mark.settled_id))
    from unnest(p_mark.waits_for) with ordinality w (name, place)
    where w.name <> all (p_writers));
begin
  p_mark.scanned_id := least(coalesce(p_mark.scanned_id, p_mark.settled_id), v_gone_from);
  p_mark.floors := array(
    select case
      when known.place is not null then coalesce(p_mark.floors[known.place], p_mark.settled_id)
      when w.name like '-1/%' then p_mark.settled_id
      else v_mark_id end
    from unnest(p_writers) with ordinality w (name, place)
    cross join lateral (select array_position(p_mark.waits_for, w.name) as place) known
    order by w.place);
  p_mark.waits_for := p_writers;
  p_mark.mark_id := greatest(v_mark_id, p_latest_id);
  return p_mark;
end;
$$;
comment on function outbox.move_feed_mark(leadgen.feed_marks, bigint, text[]) is
  'A mark at the next turn, by the latest row and, read after that, by who is writing: what those who have ended may '
  'have committed lies above scanned_id.';

create or replace function outbox.set_feed_mark(p_mark leadgen.feed_marks)
returns void
language plpgsql
volatile
as $$
-- Settled is what was looked through, but for what those may still commit who are writing.
declare
  v_settled_id constant bigint := greatest(p_mark.settled_id,
    least(p_mark.scanned_id, (select min(f.floor) from unnest(p_mark.floors) f (floor))));
begin
  update leadgen.feed_marks m
  set
    settled_id = v_settled_id, mark_id = p_mark.mark_id, scanned_id = p_mark.scanned_id,
    waits_for = p_mark.waits_for, floors = p_mark.floors
  where m.origin = p_mark.origin
    and (m.settled_id, m.mark_id, m.scanned_id, m.waits_for, m.floors)
      is distinct from (v_settled_id, p_mark.mark_id, p_mark.scanned_id, p_mark.waits_for, p_mark.floors);
end;
$$;
comment on function outbox.set_feed_mark(leadgen.feed_marks) is 'How far the feed is with one of its origins.';

create or replace function outbox.find_feed_head()
returns bigint
language plpgsql
stable
as $$
begin
  return greatest(
    (select max(i.id) from leadgen.feed_items i), (select s.forgotten_to from leadgen.feed_state s), 0);
end;
$$;
comment on function outbox.find_feed_head() is 'The work of leadgen.find_feed_head.';

create or replace function outbox.find_feed_span(
  p_after bigint,
  p_limit integer,
  p_kinds text[],
  out first_after bigint,
  out last_id bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The end is bounded, so that one page of a rare kind, or of a buyer with few sales, does not read the whole feed.
declare
  c_widest constant integer := 50000;
  v_head constant bigint := outbox.find_feed_head();
  v_forgotten_to constant bigint := (select s.forgotten_to from leadgen.feed_state s);
  v_unknown constant text := (
    select min(w.kind collate "C") from unnest(p_kinds) w (kind)
    where w.kind not in (select k.kind from leadgen.feed_kinds k));
begin
  if p_limit between 1 and 500 is not true then
    perform kernel.refuse('LG400', 'The limit is out of bounds', 'limit', coalesce(p_limit::text, 'none'), '1 to 500');
  elsif v_unknown is not null then
    perform kernel.refuse('LG400', 'There is no such kind', 'kind', 'another word',
      (select string_agg(k.kind, ', ' order by k.kind collate "C") from leadgen.feed_kinds k));
  elsif p_after < v_forgotten_to then
    perform kernel.refuse('LG410', format('Items up to %s are not kept any more: what came after %s is incomplete',
      v_forgotten_to, p_after), 'after', p_after::text, format('%s to %s', v_forgotten_to, v_head),
      format('Read what you missed elsewhere, then go on after %s.', v_forgotten_to));
  elsif p_after > v_head then
    perform kernel.refuse('LG410', format('The feed ends at %s: item %s is not of this database', v_head, p_after),
      'after', p_after::text, format('%s to %s', v_forgotten_to, v_head),
      'The database was restored or replaced. Begin anew without after.');
  end if;
  first_after := coalesce(p_after, v_forgotten_to);
  last_id := least(v_head, first_after + c_widest);
end;
$$;
comment on function outbox.find_feed_span(bigint, integer, text[]) is
  'Between which ids a page of the feed lies; p_after null: from the oldest item that is kept. LG400 for a limit or '
  'a kind out of bounds, LG410 for a place that is not kept any more, or is not of this database. For functions of '
  'leadgen_reader, too.';

create or replace function outbox.write_feed_page(p_items jsonb, p_limit integer, p_last_id bigint)
returns text
language plpgsql
stable
as $$
-- One item more than the limit was asked for: it says that there are more.
declare
  v_is_full constant boolean := jsonb_array_length(p_items) > p_limit;
  v_items constant jsonb := case when v_is_full then p_items - p_limit else p_items end;
  v_next constant bigint := case when v_is_full then v_items -> -1 ->> 'id' else p_last_id::text end;
begin
  return json_build_object('items', v_items, 'next_after', v_next,
    'has_more', v_is_full or v_next < outbox.find_feed_end())::text;
end;
$$;
comment on function outbox.write_feed_page(jsonb, integer, bigint) is
  'A page of the feed as JSON: items, the place after them, and whether there are more.';

create or replace function outbox.find_feed_end()
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.find_feed_head();
end;
$$;
comment on function outbox.find_feed_end() is 'The head of the feed, for functions of leadgen_reader, too.';

create or replace function outbox.read_feed(p_after bigint, p_limit integer, p_kinds text[])
returns text
language plpgsql
stable
as $$
-- Stable: the end of the page and its items are of one moment.
declare
  v_span record;
  v_items jsonb;
begin
  select s.* into v_span from outbox.find_feed_span(p_after, p_limit, p_kinds) s;
  select coalesce(jsonb_agg(i.item order by i.id), '[]') into v_items
  from (
    select f.id, jsonb_build_object('id', f.id, 'kind', f.kind, 'at', kernel.write_instant(f.happened_at),
      'data', f.facts || coalesce(f.notes, '{}')) as item
    from leadgen.feed_items f
    where f.id > v_span.first_after and f.id <= v_span.last_id
      and (coalesce(p_kinds, '{}') = '{}' or f.kind = any (p_kinds))
    order by f.id
    limit p_limit + 1
  ) i;
  return outbox.write_feed_page(v_items, p_limit, v_span.last_id);
end;
$$;
comment on function outbox.read_feed(bigint, integer, text[]) is 'A page of the feed as JSON, as operators see it.';

create or replace function outbox.read_own_feed(p_buyer_id bigint, p_after bigint, p_limit integer, p_kinds text[])
returns text
language plpgsql
stable
as $$
-- Row-level security leaves the buyer's own items.
declare
  v_span record;
  v_items jsonb;
begin
  select s.* into v_span from outbox.find_feed_span(p_after, p_limit, p_kinds) s;
  select coalesce(jsonb_agg(i.item order by i.id), '[]') into v_items
  from (
    select f.id, jsonb_build_object('id', f.id, 'kind', f.kind, 'at', kernel.write_instant(f.happened_at),
      'data', f.facts) as item
    from leadgen.feed_items f
    where f.buyer_id = p_buyer_id and f.id > v_span.first_after and f.id <= v_span.last_id
      and (coalesce(p_kinds, '{}') = '{}' or f.kind = any (p_kinds))
    order by f.id
    limit p_limit + 1
  ) i;
  return outbox.write_feed_page(v_items, p_limit, v_span.last_id);
end;
$$;
comment on function outbox.read_own_feed(bigint, bigint, integer, text[]) is
  'A page of the feed as JSON, as a buyer sees it; for functions of leadgen_reader.';
