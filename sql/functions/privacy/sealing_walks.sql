-- Walks over all leads, portion by portion: those that were there before sealing began, and those of retired keys.

create or replace function privacy.read_key_id(p_sealed bytea)
returns bigint
language sql
immutable parallel safe
as $$
  select ('x' || encode(substr(p_sealed, 2, 8), 'hex'))::bit(64)::bigint;
$$;
comment on function privacy.read_key_id(bytea) is
  'The data key of a sealed text: a byte for its form, eight for the key, twelve of nonce, then the text and its tag.';

create or replace function privacy.walk_on(p_limit integer)
returns table (kind text, id bigint, digest text, document jsonb, sealed bytea)
language plpgsql
volatile
as $$
-- A portion of ids at a time, so that no call takes long. A walk begins when every transaction has ended that began
-- before it: such a one may still store leads in the old way, under lower ids. What is found clear is flagged, so that
-- it is sealed even if the walk has gone on. A walk over retired keys lasts a minute at least: programs look at the
-- keys that often, and seal with a retired one until then.
declare
  c_portion constant integer := 1000;
  v_walk leadgen.sealing_walks;
  v_retired constant bigint[] := array(select k.id from leadgen.data_keys k where k.retired_at is not null);
  v_end bigint;
begin
  select w.* into v_walk from leadgen.sealing_walks w
  where w.started_in < pg_snapshot_xmin(pg_current_snapshot())
  order by w.kind desc
  limit 1
  for update skip locked;
  if v_walk.kind is null then
    return;
  elsif v_walk.last_id is null then
    v_walk.last_id := coalesce((select max(l.id) from leadgen.leads l), 0);
  end if;
  select max(p.id) into v_end
  from (
    select l.id from leadgen.leads l where l.id between v_walk.next_id and v_walk.last_id order by l.id limit c_portion
  ) p;
  if v_end is null and v_walk.kind = 'reseal' and v_walk.started_at > clock_timestamp() - interval '1 minute' then
    update leadgen.sealing_walks w
    set last_id = (select max(l.id) from leadgen.leads l)
    where w.kind = v_walk.kind;
    return;
  elsif v_end is null and v_walk.kind = 'seal' and privacy.flag_clear_submissions() > 0 then
    return query select * from privacy.list_unsealed(p_limit);
    return;
  elsif v_end is null then
    delete from leadgen.sealing_walks w where w.kind = v_walk.kind;
    return;
  elsif v_walk.kind = 'seal' then
    perform privacy.flag_clear(v_walk.next_id, v_end);
    update leadgen.sealing_walks w set next_id = v_end + 1, last_id = v_walk.last_id where w.kind = v_walk.kind;
    return query select * from privacy.list_unsealed(p_limit);
    return;
  end if;

  return query
  select 'lead', l.id, encode(sha256(l.sealed), 'hex'), null::jsonb, l.sealed
  from leadgen.leads l
  where l.id between v_walk.next_id and v_end and privacy.read_key_id(l.sealed) = any (v_retired)
    and l.id <> all (v_walk.unopened)
  order by l.id
  limit p_limit;
  update leadgen.sealing_walks w
  set
    next_id = case when found then v_walk.next_id else v_end + 1 end, last_id = v_walk.last_id,
    unopened = case when found then v_walk.unopened else '{}' end
  where w.kind = v_walk.kind;
end;
$$;
comment on function privacy.walk_on(integer) is
  'The next leads of a walk that are to be sealed, or sealed anew. No rows: it has none in this portion, or has ended.';

create or replace function privacy.flag_clear(p_first bigint, p_last bigint)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.leads l
  set seal_due = true
  where l.id in (
    select c.id from leadgen.leads c
    where c.id between p_first and p_last and c.sealed is null and c.seal_due is null and c.erased_at is null
    order by c.id
    for no key update);
end;
$$;
comment on function privacy.flag_clear(bigint, bigint) is
  'Flags the clear leads among these ids: they are to be sealed.';

create or replace function privacy.flag_clear_submissions()
returns integer
language plpgsql
volatile
as $$
-- Those of the time before sealing. At most 1,000 of each; what somebody holds is flagged at the next turn.
declare
  c_most constant integer := 1000;
  v_count integer;
  v_done integer;
begin
  update leadgen.intake_quarantine q
  set seal_due = true
  where q.id in (
    select c.id from leadgen.intake_quarantine c
    where c.digests is null and c.sealed is null and c.seal_due is null and c.payload <> '{}'
    order by c.id
    limit c_most
    for update skip locked);
  get diagnostics v_count = row_count;
  update leadgen.lead_fetches f
  set seal_due = true
  where f.id in (
    select c.id from leadgen.lead_fetches c
    where c.digests is null and c.sealed is null and c.seal_due is null
    order by c.id
    limit c_most
    for update skip locked);
  get diagnostics v_done = row_count;
  return v_count + v_done;
end;
$$;
comment on function privacy.flag_clear_submissions() is
  'Flags submissions in quarantine and posts that are clear: they are to be sealed. Returns how many.';
