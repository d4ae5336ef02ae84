-- Ways to a buyer: where each channel finds its address, and by which endpoints an enrollment is told of its leads.
-- All of it is worked out when an address is written, and not for every lead (leadgen.enrollment_endpoints).

create or replace function outbox.find_webhook_target(p_buyer leadgen.buyers, p_enrollment leadgen.buyer_offers)
returns text
language sql
immutable
as $$
  select coalesce(p_enrollment.webhook_url_override, p_buyer.webhook_url);
$$;
comment on function outbox.find_webhook_target(leadgen.buyers, leadgen.buyer_offers) is
  'Channel webhook: the enrollment''s URL, else the buyer''s.';

create or replace function outbox.find_mail_target(p_buyer leadgen.buyers, p_enrollment leadgen.buyer_offers)
returns text
language sql
immutable
as $$
  select case when p_buyer.email_notifications then coalesce(p_enrollment.email_override, p_buyer.email) end;
$$;
comment on function outbox.find_mail_target(leadgen.buyers, leadgen.buyer_offers) is
  'Channel email: the enrollment''s address, else the buyer''s, if the buyer takes leads by e-mail.';

create or replace function outbox.find_text_target(p_buyer leadgen.buyers, p_enrollment leadgen.buyer_offers)
returns text
language sql
immutable
as $$
  select case when p_buyer.sms_notifications then coalesce(p_enrollment.sms_override, p_buyer.phone) end;
$$;
comment on function outbox.find_text_target(leadgen.buyers, leadgen.buyer_offers) is
  'Channel sms: the enrollment''s number, else the buyer''s, if the buyer takes leads by text message.';

create or replace function outbox.list_targets(p_buyer_ids bigint[])
returns setof outbox.target
language plpgsql
stable
as $$
declare
  v_ways text;
begin
  select string_agg(format('(%L::leadgen.delivery_channel, outbox.%I(b, bo))', c.code, c.target_function), ', ')
  into v_ways
  from leadgen.channels c;
  return query execute format(
    'select b.id, bo.id, way.channel, way.target
    from leadgen.buyers b
    left join leadgen.buyer_offers bo on bo.buyer_id = b.id
    cross join lateral (values %s) as way (channel, target)
    where b.id = any ($1) and way.target is not null', v_ways)
  using p_buyer_ids;
end;
$$;
comment on function outbox.list_targets(bigint[]) is
  'Where each enrollment of these buyers is told of a lead, by channel; a buyer without enrollments has '
  'buyer_offer_id null.';

create or replace function outbox.connect_enrollments(p_buyer_ids bigint[], p_buyer_offer_id bigint default null)
returns void
language plpgsql
volatile
as $$
-- The caller holds the rows of the enrollments. An address that is no longer used keeps its endpoint: what was sold
-- under it still goes there.
declare
  v_targets constant outbox.target[] := array(
    select t
    from outbox.list_targets(p_buyer_ids) t
    where p_buyer_offer_id is null or t.buyer_offer_id = p_buyer_offer_id);
begin
  insert into leadgen.endpoints (buyer_id, channel, target)
  select distinct t.buyer_id, t.channel, t.target
  from unnest(v_targets) t
  on conflict do nothing;

  with way as materialized (
    select t.buyer_offer_id, e.channel, e.id as endpoint_id
    from unnest(v_targets) t
    join leadgen.endpoints e on e.buyer_id = t.buyer_id and e.channel = t.channel and e.target = t.target
    where t.buyer_offer_id is not null
  ),
  gone as (
    delete from leadgen.enrollment_endpoints w
    using leadgen.buyer_offers bo
    where bo.id = w.buyer_offer_id and bo.buyer_id = any (p_buyer_ids) and bo.id = coalesce(p_buyer_offer_id, bo.id)
      and not exists (select from way where way.buyer_offer_id = w.buyer_offer_id and way.channel = w.channel)
  )
  insert into leadgen.enrollment_endpoints as w (buyer_offer_id, channel, endpoint_id)
  select way.buyer_offer_id, way.channel, way.endpoint_id
  from way
  on conflict (buyer_offer_id, channel) do update
  set endpoint_id = excluded.endpoint_id
  where w.endpoint_id <> excluded.endpoint_id;
end;
$$;
comment on function outbox.connect_enrollments(bigint[], bigint) is
  'Makes an endpoint of every address of these buyers, and says by which of them each of their enrollments (or this '
  'one) is told of its leads.';

create or replace function outbox.connect_buyers(p_buyer_ids bigint[])
returns void
language plpgsql
volatile
as $$
begin
  perform outbox.lock_enrollments(p_buyer_ids);
  perform outbox.connect_enrollments(p_buyer_ids);
  perform outbox.refresh_reach(p_buyer_ids);
end;
$$;
comment on function outbox.connect_buyers(bigint[]) is
  'Works out anew by which endpoints all enrollments of these buyers are told, and whether any of them is in use.';

create or replace function outbox.lock_enrollments(p_buyer_ids bigint[])
returns void
language plpgsql
volatile
as $$
-- Locked first, looked at afterwards: of two changes at once the later one sees what the earlier one left. The buyer
-- comes first: an enrollment that is not yet committed cannot be locked, but whoever makes one holds its buyer's
-- addresses (fill_enrollment).
begin
  perform catalog.lock_addresses(p_buyer_ids);
  perform from leadgen.buyer_offers bo where bo.buyer_id = any (p_buyer_ids) order by bo.id for no key update;
end;
$$;
comment on function outbox.lock_enrollments(bigint[]) is
  'Locks the addresses of buyers and their enrollments until the transaction ends.';

create or replace function outbox.refresh_reach(p_buyer_ids bigint[], p_buyer_offer_id bigint default null)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.buyer_offers bo
  set is_reachable = outbox.is_reachable(bo.id)
  where bo.buyer_id = any (p_buyer_ids) and bo.id = coalesce(p_buyer_offer_id, bo.id)
    and bo.is_reachable <> outbox.is_reachable(bo.id);
end;
$$;
comment on function outbox.refresh_reach(bigint[], bigint) is
  'Says of each enrollment of these buyers (or of this one) whether any of its endpoints is in use; routing reads it '
  'as the flag is_reachable. The caller holds the enrollments.';

create or replace function outbox.is_reachable(p_buyer_offer_id bigint)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
    select from leadgen.enrollment_endpoints w
    join leadgen.endpoints e on e.id = w.endpoint_id
    where w.buyer_offer_id = p_buyer_offer_id and e.disabled_at is null);
end;
$$;
comment on function outbox.is_reachable(bigint) is 'Whether any endpoint of an enrollment is in use.';

create or replace function outbox.find_disconnected_buyers()
returns bigint[]
language plpgsql
stable
as $$
begin
  return array(
    with target as materialized (
      select t.* from outbox.list_targets(array(select b.id from leadgen.buyers b)) t
    ),
    wanted as (
      select t.buyer_id, t.buyer_offer_id, e.channel, e.id as endpoint_id
      from target t
      left join leadgen.endpoints e on e.buyer_id = t.buyer_id and e.channel = t.channel and e.target = t.target
    ),
    stored as (
      select bo.buyer_id, w.buyer_offer_id, w.channel, w.endpoint_id
      from leadgen.enrollment_endpoints w
      join leadgen.buyer_offers bo on bo.id = w.buyer_offer_id
    )
    select d.buyer_id
    from (
      (select w.* from wanted w where w.buyer_offer_id is not null except select s.* from stored s)
      union all
      (select s.* from stored s except select w.* from wanted w)
    ) d
    union
    select w.buyer_id from wanted w where w.endpoint_id is null
    union
    select bo.buyer_id from leadgen.buyer_offers bo where bo.is_reachable <> outbox.is_reachable(bo.id)
    order by 1
  );
end;
$$;
comment on function outbox.find_disconnected_buyers() is
  'Buyers whose endpoints, enrollment_endpoints or is_reachable are not what their addresses say: after a restore, or'
  ' from before there were any. Each deploy connects them (sql/seeds/endpoints.sql).';

create or replace function outbox.keep_endpoints()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Who changes an enrollment holds its row and looks at no other: two at once would wait for each other.
begin
  if tg_table_name = 'buyers' then
    perform outbox.connect_buyers(array[new.id]);
  else
    perform outbox.connect_enrollments(array[new.buyer_id], new.id);
    perform outbox.refresh_reach(array[new.buyer_id], new.id);
  end if;
  return null;
end;
$$;
comment on function outbox.keep_endpoints() is
  'Trigger: every address of a buyer and of its enrollments is an endpoint, and each enrollment knows its own.';
