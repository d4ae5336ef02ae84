-- How much one sender may send: tokens taken out of buckets. See sql/tables/rates.sql.

create or replace function intake.take_tokens(
  p_name text,
  p_subject text,
  p_least double precision,
  p_most double precision,
  out granted double precision,
  out retry_after integer
)
language plpgsql
volatile
as $$
-- A bucket is a row, locked last and by whoever holds no other of its name. One that is refused keeps what is in it.
declare
  c_longest_wait constant integer := 3600;
  v_now constant timestamptz := leadgen.clock();
  v_subject constant text := left(p_subject, 200);
  v_limit leadgen.rate_limits;
  v_tokens double precision;
begin
  retry_after := 0;
  select l.* into v_limit
  from leadgen.rate_limits l
  where l.name = p_name and l.subject in (v_subject, '*')
  order by l.subject = '*'
  limit 1;
  if v_limit.is_active is not true then
    granted := p_most;
    return;
  end if;

  insert into leadgen.rate_buckets as b (name, subject, tokens, filled_at)
  values (p_name, v_subject, v_limit.amount, v_now)
  on conflict (name, subject) do update
  set
    tokens = least(v_limit.amount, b.tokens + greatest(extract(epoch from v_now - b.filled_at)::double precision, 0)
      * v_limit.amount / v_limit.per_seconds),
    filled_at = v_now
  returning b.tokens into v_tokens;
  granted := case when v_tokens >= p_least then least(p_most, floor(v_tokens)) else 0 end;
  update leadgen.rate_buckets b
  set tokens = v_tokens - granted, refused = b.refused + (granted = 0)::integer
  where b.name = p_name and b.subject = v_subject;
  if granted > 0 then
    return;
  end if;
  retry_after := case
    when v_limit.amount < p_least then c_longest_wait
    else least(c_longest_wait, ceil((p_least - v_tokens) * v_limit.per_seconds / v_limit.amount)) end;
  perform intake.announce_rate_limit(v_limit, v_subject, v_now);
end;
$$;
comment on function intake.take_tokens(text, text, double precision, double precision) is
  'Takes from p_least to p_most tokens out of the bucket of a rate limit''s subject. granted 0: there is not enough in'
  ' it, and there will be in retry_after seconds, or in an hour at the earliest.';

create or replace function intake.announce_rate_limit(p_limit leadgen.rate_limits, p_subject text, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Once an hour for each limit, and for each source where there is one. Addresses are personal, so they stay in
-- rate_buckets; a source that does not exist is anybody's invention.
declare
  v_source record;
  v_hour constant timestamptz := date_trunc('hour', p_now, 'UTC');
begin
  select s.source_key, s.offer_id, o.market_id into v_source
  from leadgen.sources s
  join leadgen.offers o on o.id = s.offer_id
  where case when p_limit.name = 'key' then s.id = intake.find_key_source(p_subject)
    when p_limit.name in ('source', 'quarantine_source') then s.source_key = p_subject end;
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, message, facts)
  values (
    p_now, 'rate_exceeded',
    concat_ws(' ', p_limit.name, v_source.source_key, kernel.write_instant(v_hour)),
    v_source.market_id, v_source.offer_id,
    format('the rate limit %s (%s in %s)%s is reached; what comes beyond it is refused with 429. See '
      'leadgen.rate_buckets', p_limit.name, p_limit.amount, kernel.count_of(p_limit.per_seconds, 'second'),
      ' of the source ' || v_source.source_key),
    jsonb_strip_nulls(jsonb_build_object(
      'limit', p_limit.name, 'amount', p_limit.amount, 'per_seconds', p_limit.per_seconds,
      'source_key', v_source.source_key)))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function intake.announce_rate_limit(leadgen.rate_limits, text, timestamptz) is
  'An event when a rate limit is reached; once an hour for each limit and source.';

create or replace function intake.name_network(p_address text)
returns text
language plpgsql
immutable strict parallel safe
as $$
declare
  v_address constant inet := p_address;
begin
  return case when family(v_address) = 6 then text(network(set_masklen(v_address, 64))) else host(v_address) end;
end;
$$;
comment on function intake.name_network(text) is
  'Whose an address is: an IPv4 address itself, of an IPv6 address the /64, as each of its 2^64 addresses is one '
  'customer''s.';

create or replace function intake.lease_posts(
  p_name text,
  p_subject text,
  p_count integer,
  out granted integer,
  out retry_after integer
)
language plpgsql
volatile
as $$
declare
  v_taken record;
begin
  if (p_name in ('address', 'source', 'key') and length(p_subject) > 0 and p_count between 1 and 1000000)
    is not true then
    perform kernel.refuse('LG400', 'The lease is not acceptable', 'name, subject, count', 'something else',
      'address, source or key; a subject; 1 to 1,000,000');
  end if;
  v_taken := intake.take_tokens(p_name, p_subject, 1, p_count);
  granted := v_taken.granted;
  retry_after := v_taken.retry_after;
end;
$$;
comment on function intake.lease_posts(text, text, integer) is 'The work of leadgen.lease_posts.';

create or replace function intake.list_rate_limits()
returns table (name text, subject text, amount integer, per_seconds integer, is_active boolean)
language plpgsql
stable
as $$
begin
  return query
  select l.name, l.subject, l.amount, l.per_seconds, l.is_active
  from leadgen.rate_limits l
  where l.name in ('address', 'source', 'key');
end;
$$;
comment on function intake.list_rate_limits() is 'The work of leadgen.list_rate_limits.';

create or replace function intake.forget_buckets()
returns integer
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  delete from leadgen.rate_buckets b
  where (b.name, b.subject) in (
    select o.name, o.subject
    from leadgen.rate_buckets o
    where o.filled_at < v_now - interval '1 second'
      * coalesce((select max(l.per_seconds) from leadgen.rate_limits l where l.name = o.name), 0)
    limit 10000
    for update skip locked);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function intake.forget_buckets() is
  'Deletes buckets that have filled up since they were used, at most 10,000; returns how many.';
