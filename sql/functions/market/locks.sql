-- The locks of the road: contacts, then offers.

create or replace function market.lock_offer(p_facts kernel.lead_facts, p_route catalog.route, p_waits boolean)
returns boolean
language plpgsql
volatile
as $$
-- Everything that must be seen as it is, not as it was, is read in statements after this one.
-- Lock order: contacts (class 1, sorted), then the offer (class 2). Routing for one offer is serial.
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform kernel.refuse('LG400', 'A lead needs the isolation level read committed',
      p_found => current_setting('transaction_isolation'), p_allowed => 'read committed',
      p_hint => 'An older snapshot would not see what the leads before this one left behind.');
  end if;
  if market.locks_contacts(p_route) then
    if p_waits then
      perform market.lock_contacts(market.list_contact_keys(p_facts));
    elsif not market.try_lock_contacts(market.list_contact_keys(p_facts)) then
      return false;
    end if;
  end if;
  if not p_waits then
    return pg_try_advisory_xact_lock(2, market.offer_lock_key(p_route.offer_id));
  end if;
  perform pg_advisory_xact_lock(2, market.offer_lock_key(p_route.offer_id));
  return true;
end;
$$;
comment on function market.lock_offer(kernel.lead_facts, catalog.route, boolean) is
  'Takes the offer''s turn until the transaction ends; where duplicates count beyond the offer, the contact''s too. '
  'False when somebody holds one of them and p_waits is false.';

create or replace function market.locks_contacts(p_route catalog.route)
returns boolean
language sql
immutable parallel safe
as $$
  select (p_route).validation_rules ->> 'duplicate_scope' in ('vertical', 'market', 'global');
$$;
comment on function market.locks_contacts(catalog.route) is
  'Whether a lead''s contact is locked before its offer: where duplicates count beyond the offer.';

create or replace function market.list_contact_keys(p_facts kernel.lead_facts)
returns integer[]
language plpgsql
immutable
as $$
-- One e-mail is one mailbox, so the mailbox's key keeps both apart, whatever the policy compares.
begin
  return array(
    select hashtext(c) from unnest(array[ref.fold_mailbox(p_facts.email), p_facts.phone]) c where c is not null);
end;
$$;
comment on function market.list_contact_keys(kernel.lead_facts) is
  'The second keys of the advisory locks (class 1) of a lead''s contact: mailbox and phone.';

create or replace function market.lock_contacts(p_keys integer[])
returns void
language plpgsql
volatile
as $$
begin
  perform pg_advisory_xact_lock(1, c.key) from (select distinct k as key from unnest(p_keys) k order by 1) c;
end;
$$;
comment on function market.lock_contacts(integer[]) is
  'Locks contacts until the transaction ends, in order. Nobody who holds an offer calls it.';

create or replace function market.try_lock_contacts(p_keys integer[])
returns boolean
language plpgsql
volatile
as $$
declare
  v_key integer;
begin
  foreach v_key in array p_keys loop
    if not pg_try_advisory_xact_lock(1, v_key) then
      return false;
    end if;
  end loop;
  return true;
end;
$$;
comment on function market.try_lock_contacts(integer[]) is
  'Locks contacts until the transaction ends, without waiting; false when somebody holds one of them.';

create or replace function market.lock_offers(p_offer_ids bigint[])
returns void
language plpgsql
volatile
as $$
begin
  perform pg_advisory_xact_lock(2, market.offer_lock_key(o.id))
  from (select distinct i as id from unnest(p_offer_ids) i order by 1) o;
end;
$$;
comment on function market.lock_offers(bigint[]) is
  'Takes the turns of these offers until the transaction ends, by id; waits for each.';

create or replace function market.lock_free_offers(p_offer_ids bigint[], p_waits boolean)
returns bigint[]
language plpgsql
volatile
as $$
-- Offers are tried, not waited for, so that nobody waits with an offer in hand.
declare
  v_locked bigint[];
begin
  select array_agg(o.id) into v_locked
  from (select distinct i as id from unnest(p_offer_ids) i where i is not null order by 1) o
  where pg_try_advisory_xact_lock(2, market.offer_lock_key(o.id));
  if v_locked is null and p_waits then
    return array[market.lock_free_offer(array_remove(p_offer_ids, null))];
  end if;
  return coalesce(v_locked, '{}');
end;
$$;
comment on function market.lock_free_offers(bigint[], boolean) is
  'Takes the turns of those of these offers that nobody holds, and returns them. When all are held: none, or with '
  'p_waits the first, once its turn has come.';

create or replace function market.offer_lock_key(p_offer_id bigint)
returns integer
language sql
immutable parallel safe
as $$
  select kernel.lock_key(p_offer_id);
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
  'Takes the turn of the first of these offers that nobody holds; when all are held, waits for the first. Null when '
  'there are none.';

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
