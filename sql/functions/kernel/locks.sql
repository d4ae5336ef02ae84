-- Locks: the second key of the advisory locks that are of a row. Which classes there are, ARCHITECTURE.md says.

create or replace function kernel.lock_key(p_id bigint)
returns integer
language sql
immutable parallel safe
as $$
  select (p_id % 2147483647)::integer;
$$;
comment on function kernel.lock_key(bigint) is
  'The second key of a row''s advisory lock, by the row''s id. Two rows with one key only wait for each other.';
