-- The locks of the road: contacts, then offers.

create or replace function market.lock_offer(p_facts kernel.lead_facts, p_route catalog.route)
returns void
language plpgsql
volatile
as $$
-- Everything that must be seen as it is, not as it was, is read in statements after this one.
-- Lock order: contacts (class 1, sorted), then the offer (class 2). Routing for one offer is serial.
declare
  v_contact integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform kernel.refuse('LG400', 'A lead is taken under read committed',
      p_found => current_setting('transaction_isolation'), p_allowed => 'read committed',
      p_hint => 'An older snapshot would not see what the leads before this one left behind.');
  end if;
  if p_route.validation_rules ->> 'duplicate_scope' in ('vertical', 'market', 'global') then
    for v_contact in
      select hashtext(c) from unnest(array[p_facts.email, p_facts.phone]) c where c is not null order by 1
    loop
      perform pg_advisory_xact_lock(1, v_contact);
    end loop;
  end if;
  perform pg_advisory_xact_lock(2, market.offer_lock_key(p_route.offer_id));
end;
$$;
comment on function market.lock_offer(kernel.lead_facts, catalog.route) is
  'Takes the offer''s turn until the transaction ends; where duplicates count beyond the offer, the contact''s too.';

create or replace function market.offer_lock_key(p_offer_id bigint)
returns integer
language sql
immutable parallel safe
as $$
  select (p_offer_id % 2147483647)::integer;
$$;
comment on function market.offer_lock_key(bigint) is
  'The second key of an offer''s advisory lock (class 2). Two offers with one key only wait for each other.';

create or replace function market.lock_free_offer(p_offer_ids bigint[])
returns bigint
language plpgsql
volatile
as $$
-- An offer that somebody holds keeps its own work waiting and no others'.
declare
  v_offer_id constant bigint := market.try_lock_offer(p_offer_ids);
begin
  if v_offer_id is not null or p_offer_ids = '{}' then
    return v_offer_id;
  end if;
  perform pg_advisory_xact_lock(2, market.offer_lock_key(p_offer_ids[1]));
  return p_offer_ids[1];
end;
$$;
comment on function market.lock_free_offer(bigint[]) is
  'Takes the turn of the first of these offers that nobody holds; when all are held, waits for the first. '
  'Null when there are none.';

create or replace function market.try_lock_offer(p_offer_ids bigint[])
returns bigint
language plpgsql
volatile
as $$
declare
  v_offer_id bigint;
begin
  foreach v_offer_id in array p_offer_ids loop
    if pg_try_advisory_xact_lock(2, market.offer_lock_key(v_offer_id)) then
      return v_offer_id;
    end if;
  end loop;
  return null;
end;
$$;
comment on function market.try_lock_offer(bigint[]) is
  'Takes the turn of the first of these offers that nobody holds; null when all are held.';
