create or replace function leadgen.offer_lock_key(p_offer_id bigint)
returns integer
language sql
immutable parallel safe
as $$
  select (p_offer_id % 2147483647)::integer;
$$;
comment on function leadgen.offer_lock_key(bigint) is
  'The second key of an offer''s advisory lock (class 2). Two offers with one key only wait for each other.';
