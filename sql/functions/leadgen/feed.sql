-- Facade of the feed: reading it, and the webhooks of operators that bring it.
-- Each is a door: it checks nothing itself, runs with its owner's rights, and calls the function that does the work.

create or replace function leadgen.find_feed_head()
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
comment on function leadgen.find_feed_head() is 'The id of the latest item of the feed; 0: there is none yet.';

create or replace function leadgen.find_feed_reader(p_key_hash text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.find_feed_reader(p_key_hash);
end;
$$;
comment on function leadgen.find_feed_reader(text) is
  'Who reads the feed by a key or a session: operator (all of it), or buyer and its id (its own items). LG401, LG403 '
  'without scope read.';

create or replace function leadgen.show_feed(p_key_hash text, p_after bigint, p_limit integer, p_kinds text[])
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_feed(p_key_hash, p_after, p_limit, p_kinds);
end;
$$;
comment on function leadgen.show_feed(text, bigint, integer, text[]) is
  'A page of the feed as JSON, for operators: items after an id, the place after them (next_after), and whether '
  'there are more. p_after null: from the oldest that is kept; p_kinds null: all. LG410 for a place that is not kept '
  'any more.';

create or replace function leadgen.show_own_feed(p_key_hash text, p_after bigint, p_limit integer, p_kinds text[])
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_own_feed(p_key_hash, p_after, p_limit, p_kinds);
end;
$$;
comment on function leadgen.show_own_feed(text, bigint, integer, text[]) is
  'The same for a buyer, by its key, or by a key or session of its users: the items that are about it.';

create or replace function leadgen.add_hook(
  p_name text,
  p_url text,
  p_kinds text[],
  out hook_id bigint,
  out secret text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select a.* into hook_id, secret from outbox.add_hook(p_name, p_url, p_kinds) a;
end;
$$;
comment on function leadgen.add_hook(text, text, text[]) is
  'Adds a webhook of operators, which is sent what comes into the feed from now on: items of these kinds, empty: all. '
  'Returns its id and the secret that signs it. LG400, LG409 beyond 20 hooks, LG423 for a URL that is not public.';

create or replace function leadgen.list_hooks()
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
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from outbox.list_hooks();
end;
$$;
comment on function leadgen.list_hooks() is
  'The hooks that were not removed: how many items of the feed each is behind, how many messages wait for it, and how '
  'its endpoint does (well, failing, resting, disabled).';

create or replace function leadgen.pause_hook(p_hook_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.pause_hook(p_hook_id);
end;
$$;
comment on function leadgen.pause_hook(bigint) is
  'Sends nothing more to a hook until leadgen.resume_hook. False when it was paused before; LG404.';

create or replace function leadgen.resume_hook(p_hook_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.resume_hook(p_hook_id);
end;
$$;
comment on function leadgen.resume_hook(bigint) is
  'Sends a hook what came while it was paused or its endpoint disabled, as far as the feed still has it (missing_to '
  'of its next message says how far not), and what comes. False when it was in use; LG404.';

create or replace function leadgen.remove_hook(p_hook_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform outbox.remove_hook(p_hook_id);
end;
$$;
comment on function leadgen.remove_hook(bigint) is
  'Removes a hook for good: what waits for it is cancelled. Its row and its deliveries stay. LG404.';

create or replace function leadgen.rotate_hook_secret(p_hook_id bigint, p_overlap interval default '24 hours')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.rotate_hook_secret(p_hook_id, p_overlap);
end;
$$;
comment on function leadgen.rotate_hook_secret(bigint, interval) is
  'Makes a new secret for a hook and returns it; until the overlap ends the old one signs as well. LG400, LG404, '
  'LG409.';

create or replace function leadgen.test_hook(p_hook_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.test_hook(p_hook_id);
end;
$$;
comment on function leadgen.test_hook(bigint) is
  'Sends a test (webhook.test) to a hook and returns its delivery''s id. LG404, LG409 while it is paused.';

create or replace function leadgen.measure_market()
returns table (name text, label text, value double precision)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.measure_market();
end;
$$;
comment on function leadgen.measure_market() is
  'What Prometheus shows of the market, for workers: leads of the last ten minutes by what became of them, limits, '
  'endpoints, hooks, money by currency, quarantine, held leads. Labels are from closed lists; no personal data.';
