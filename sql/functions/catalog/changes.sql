-- Changes of the catalogue from which something follows that its writer must not wait for.
--
-- Whoever edits the catalogue, a DBA in plain SQL or a road, leaves a row in leadgen.catalog_changes in the same
-- transaction: the trigger note_change, declared beside each table with the columns that matter. A worker reads the
-- rows (roads.follow_change). A row says what changed, and of which offer; one that concerns several offers, or none,
-- is first dealt out to them. One row a change, so that no change waits for another or is lost in it.

create or replace function catalog.note_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What moves from one offer to another concerns both: each may now sell what it could not.
declare
  c_offer_column constant text := case tg_table_name when 'offers' then 'id' else 'offer_id' end;
  v_old constant jsonb := to_jsonb(coalesce(old, new));
  v_new constant jsonb := to_jsonb(coalesce(new, old));
  v_before jsonb;
  v_after jsonb;
begin
  if tg_op <> 'INSERT' then
    v_before := (select jsonb_object_agg(c, to_jsonb(old) -> c) from unnest(tg_argv) c);
  end if;
  if tg_op <> 'DELETE' then
    v_after := (select jsonb_object_agg(c, to_jsonb(new) -> c) from unnest(tg_argv) c);
  end if;
  if v_before is distinct from v_after then
    insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id, before, after)
    select leadgen.clock(), tg_table_name, (v_new ->> 'id')::bigint, o.id, v_before, v_after
    from (select (v_old ->> c_offer_column)::bigint union select (v_new ->> c_offer_column)::bigint) o (id)
    order by o.id;
  end if;
  return null;
end;
$$;
comment on function catalog.note_change() is
  'Trigger: a row of leadgen.catalog_changes when a row comes, goes, or has another value in one of the columns that '
  'are its arguments; one for each of two offers when it moves between them.';

create or replace function catalog.has_changes()
returns boolean
language plpgsql
stable
as $$
begin
  return exists (select from leadgen.catalog_changes);
end;
$$;
comment on function catalog.has_changes() is
  'Whether any change waits: one look, for workers ask in every turn (roads.follow_change).';

create or replace function catalog.has_changes_of(p_offer_id bigint)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (select from leadgen.catalog_changes c where c.offer_id = p_offer_id);
end;
$$;
comment on function catalog.has_changes_of(bigint) is 'Whether a change of this offer waits.';

create or replace function catalog.deal_out_changes()
returns setof leadgen.catalog_changes
language plpgsql
volatile
as $$
-- Many at once: who loads a thousand areas changes a few offers.
declare
  v_changes leadgen.catalog_changes[];
begin
  with taken as (
    delete from leadgen.catalog_changes c
    where c.id in (
      select w.id from leadgen.catalog_changes w where w.offer_id is null order by w.id limit 1000
      for update skip locked)
    returning c.*
  )
  select array_agg(t::leadgen.catalog_changes order by t.id) into v_changes from taken t;
  insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id)
  select min(c.changed_at), 'offers', o.id, o.id
  from unnest(v_changes) c
  cross join lateral unnest(catalog.list_concerned_offers(c)) o (id)
  group by o.id
  order by o.id;
  return query select * from unnest(v_changes);
end;
$$;
comment on function catalog.deal_out_changes() is
  'The oldest changes that are of no one offer, at most 1000, taken out and dealt out to the offers they concern.';

create or replace function catalog.list_concerned_offers(p_change leadgen.catalog_changes)
returns bigint[]
language plpgsql
stable
as $$
-- Money spent sells no held lead, nor does an area that is taken away: where it was moved from, nothing follows.
declare
  v_area constant jsonb := p_change.after;
begin
  return case p_change.table_name
    when 'markets' then array(select o.id from leadgen.offers o where o.market_id = p_change.row_id order by o.id)
    when 'routing_policies' then
      array(select o.id from leadgen.offers o where o.routing_policy_id = p_change.row_id order by o.id)
    when 'pricing_policies' then
      array(select o.id from leadgen.offers o where o.pricing_policy_id = p_change.row_id order by o.id)
    when 'payout_policies' then array(
      select s.offer_id from leadgen.sources s where s.payout_policy_id = p_change.row_id group by s.offer_id
      order by s.offer_id)
    when 'buyer_service_areas' then array(
      select o.id
      from leadgen.buyer_offers bo
      join leadgen.offers o on o.id = bo.offer_id
      where bo.buyer_id = (v_area ->> 'buyer_id')::bigint and o.market_id = (v_area ->> 'market_id')::bigint
      order by o.id)
    when 'buyers' then array(
      select bo.offer_id
      from leadgen.buyer_offers bo
      where bo.buyer_id = p_change.row_id and (
        p_change.after - 'balance' - 'receivable' <> p_change.before - 'balance' - 'receivable'
        or (p_change.after ->> 'balance')::numeric > (p_change.before ->> 'balance')::numeric
        or (p_change.after ->> 'receivable')::numeric < (p_change.before ->> 'receivable')::numeric)
      order by bo.offer_id)
    else '{}'
  end;
end;
$$;
comment on function catalog.list_concerned_offers(leadgen.catalog_changes) is
  'The offers in which a change may let a held lead be sold, by id.';

create or replace function catalog.list_changed_offers()
returns bigint[]
language plpgsql
stable
as $$
begin
  return array(
    select c.offer_id
    from leadgen.catalog_changes c
    where c.offer_id is not null
    group by c.offer_id
    order by min(c.id)
    limit 1000);
end;
$$;
comment on function catalog.list_changed_offers() is 'Offers of which changes wait, the oldest change first.';

create or replace function catalog.forget_changes(p_offer_id bigint)
returns void
language plpgsql
volatile
as $$
begin
  delete from leadgen.catalog_changes c where c.offer_id = p_offer_id;
end;
$$;
comment on function catalog.forget_changes(bigint) is
  'Takes the changes of an offer out: what follows from them is done.';

create or replace function catalog.remember_offer(p_offer_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id)
  values (p_now, 'offers', p_offer_id, p_offer_id);
end;
$$;
comment on function catalog.remember_offer(bigint, timestamptz) is
  'Leaves a change of an offer behind the others: there is more to follow from it.';
