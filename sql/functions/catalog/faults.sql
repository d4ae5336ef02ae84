-- What is configured and cannot work: what a DBA should mend before a lead meets it. What is switched off is no fault.

create or replace function catalog.list_configuration_faults()
returns table (subject text, fault text, remedy text)
language plpgsql
stable
as $$
begin
  return query
  select * from catalog.list_copy_faults()
  union all
  select * from catalog.list_offer_faults()
  union all
  select * from catalog.list_source_faults()
  union all
  select * from catalog.list_enrollment_faults()
  union all
  select * from catalog.list_buyer_faults()
  union all
  select * from catalog.list_exclusivity_faults()
  union all
  select * from catalog.list_server_faults();
end;
$$;
comment on function catalog.list_configuration_faults() is 'The work of leadgen.list_configuration_faults.';

create or replace function catalog.list_offer_faults()
returns table (subject text, fault text, remedy text)
language sql
stable
as $$
  select format('offer %s, %s', o.id, o.slug), f.fault, f.remedy
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
  join leadgen.verticals v on v.id = o.vertical_id
  join leadgen.validation_policies vp on vp.id = o.validation_policy_id
  join leadgen.routing_policies rp on rp.id = o.routing_policy_id
  left join leadgen.pricing_policies pp on pp.id = o.pricing_policy_id
  cross join lateral (
    select count(*) as enrollments, count(*) filter (where catalog.can_take_leads(bo)) as able
    from leadgen.buyer_offers bo
    where bo.offer_id = o.id and bo.is_active
  ) seats
  cross join lateral (
    values
      (1, not m.is_active, 'its market is inactive', 'update leadgen.markets set is_active = true where id = ' || m.id),
      (2, not v.is_active, 'its vertical is inactive',
        'update leadgen.verticals set is_active = true where id = ' || v.id),
      (3, not vp.is_active, 'its validation policy is inactive',
        'update leadgen.validation_policies set is_active = true where id = ' || vp.id),
      (4, not rp.is_active, 'its routing policy is inactive',
        'update leadgen.routing_policies set is_active = true where id = ' || rp.id),
      (5, not pp.is_active, 'its pricing policy is inactive',
        'update leadgen.pricing_policies set is_active = true where id = ' || pp.id),
      (6, not exists (select from leadgen.sources s where s.offer_id = o.id and s.is_active),
        'it has no active source: no lead can come in', 'insert a row into leadgen.sources, or activate one'),
      (7, seats.enrollments = 0, 'no buyer is enrolled: no lead can be sold',
        'insert a row into leadgen.buyer_offers, or activate one'),
      (8, seats.enrollments > 0 and seats.able = 0, 'none of its enrollments can take a lead',
        'see its enrollments below'),
      (9, exists (select from jsonb_each(rp.config -> 'caps') c where c.value = '0'),
        'its routing policy has a cap of 0: no lead can be sold',
        format('take the cap out of leadgen.routing_policies %s, or raise it', rp.id))
  ) f (place, is_so, fault, remedy)
  where o.is_active and f.is_so
  order by o.id, f.place;
$$;
comment on function catalog.list_offer_faults() is
  'Active offers that no lead can come into or be sold by; see leadgen.list_configuration_faults.';

create or replace function catalog.can_take_leads(p_enrollment leadgen.buyer_offers)
returns boolean
language sql
stable
as $$
-- One market's areas of one buyer: a probe by key, however many areas the market has.
  select p_enrollment.is_reachable
    and exists (select from leadgen.buyers b where b.id = p_enrollment.buyer_id and b.is_active)
    and exists (
      select
      from leadgen.buyer_service_areas a
      where a.buyer_id = p_enrollment.buyer_id and a.is_active and a.market_id = (
        select o.market_id from leadgen.offers o where o.id = p_enrollment.offer_id));
$$;
comment on function catalog.can_take_leads(leadgen.buyer_offers) is
  'Whether the buyer of an enrollment is active, can be reached and works somewhere in the market.';

create or replace function catalog.list_enrollment_faults()
returns table (subject text, fault text, remedy text)
language sql
stable
as $$
  select format('enrollment %s, %s in %s', bo.id, b.name, o.slug), f.fault, f.remedy
  from leadgen.buyer_offers bo
  join leadgen.buyers b on b.id = bo.buyer_id
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
  cross join lateral (select coalesce(bo.price_per_lead, o.default_price_per_lead) as amount) price
  cross join lateral (
    values
      (1, not b.is_active, 'its buyer is inactive', format(
        'update leadgen.buyers set is_active = true where id = %s, or switch the enrollment off', b.id)),
      (2, not bo.is_reachable and not exists (
          select from leadgen.enrollment_endpoints w where w.buyer_offer_id = bo.id),
        'its buyer has no webhook, e-mail or SMS that leads are sent to',
        format('set webhook_url, email_notifications or sms_notifications of leadgen.buyers %s', b.id)),
      (3, not bo.is_reachable and exists (
          select from leadgen.enrollment_endpoints w where w.buyer_offer_id = bo.id),
        'every endpoint that its leads are sent to is disabled',
        format('leadgen endpoints list --buyer %s, then leadgen endpoints enable', b.id)),
      (4, not exists (
          select from leadgen.buyer_service_areas a
          where a.buyer_id = b.id and a.market_id = m.id and a.is_active),
        format('its buyer has no service area in %s', m.slug),
        'insert a row into leadgen.buyer_service_areas; * is the whole market'),
      (5, isempty(bo.compiled_schedule), 'its schedule never opens', 'set schedule, or null for always'),
      (6, 0 in (bo.capacity_per_hour, bo.capacity_per_day, bo.capacity_per_week, bo.capacity_per_month,
          bo.budget_per_day, bo.budget_per_month),
        'it has a cap or a budget of 0', 'set the cap or the budget to null for no limit'),
      (7, b.balance < bo.min_balance_required,
        format('the balance %s of its buyer is below the minimum of %s', b.balance, bo.min_balance_required),
        'raise the balance, or lower min_balance_required'),
      (8, b.balance >= bo.min_balance_required and b.balance < price.amount,
        format('the balance %s of its buyer does not cover the price of %s', b.balance, price.amount),
        'raise the balance, or set min_balance_required to null')
  ) f (place, is_so, fault, remedy)
  where bo.is_active and o.is_active and f.is_so
  order by o.id, bo.id, f.place;
$$;
comment on function catalog.list_enrollment_faults() is
  'Active enrollments of active offers that can get no lead; see leadgen.list_configuration_faults.';

create or replace function catalog.list_buyer_faults()
returns table (subject text, fault text, remedy text)
language sql
stable
as $$
-- A row that was taken under milder rules, or whose number the world has given up.
  select format('buyer %s, %s', b.id, b.name), 'its phone is no valid number',
    format('update leadgen.buyers set phone = ''+15125550123'' where id = %s, with its own number', b.id)
  from leadgen.buyers b
  where b.is_active and not catalog.is_phone(b.phone)
  union all
  select format('enrollment %s, %s in %s', bo.id, b.name, o.slug), 'its sms_override is no valid number',
    format('set sms_override of leadgen.buyer_offers %s, or null for the phone of the buyer', bo.id)
  from leadgen.buyer_offers bo
  join leadgen.buyers b on b.id = bo.buyer_id
  join leadgen.offers o on o.id = bo.offer_id
  where bo.is_active and b.is_active and o.is_active and not catalog.is_phone(bo.sms_override)
  order by 1, 2;
$$;
comment on function catalog.list_buyer_faults() is
  'Active buyers and enrollments whose phone number is none; see leadgen.list_configuration_faults.';

create or replace function catalog.list_source_faults()
returns table (subject text, fault text, remedy text)
language sql
stable
as $$
  select format('source %s, %s', s.id, s.source_key), f.fault, f.remedy
  from leadgen.sources s
  join leadgen.offers o on o.id = s.offer_id
  cross join lateral (
    values
      (1, not o.is_active, format('its offer %s is inactive: its leads are quarantined', o.slug),
        'activate the offer, or switch the source off'),
      (2, s.kind = 'partner_api' and not exists (
            select from leadgen.api_keys k
            where k.source_id = s.id and k.revoked_at is null
              and (k.expires_at is null or k.expires_at > leadgen.clock()))
          and not exists (select from leadgen.source_maps p where p.source_id = s.id),
        'a partner needs a key to post, and this source has none', 'leadgen key create --source ' || s.source_key),
      (3, exists (select from leadgen.payout_policies p where p.id = s.payout_policy_id and not p.is_active),
        'its payout policy is inactive: its leads are quarantined',
        'update leadgen.payout_policies set is_active = true where id = ' || s.payout_policy_id)
  ) f (place, is_so, fault, remedy)
  where s.is_active and f.is_so
  union all
  select 'settings', format('default_source_key %s names no active source', d.default_source_key),
    'update leadgen.settings set default_source_key = null'
  from leadgen.settings d
  where d.default_source_key is not null
    and not exists (select from leadgen.sources s where s.source_key = d.default_source_key and s.is_active)
  union all
  select 'settings',
    format('default_source_key %s names a partner, which needs its key: leads of no source are quarantined',
      s.source_key),
    'update leadgen.settings set default_source_key to a landing page or an embedded form, or to null'
  from leadgen.settings d
  join leadgen.sources s on s.source_key = d.default_source_key
  where s.is_active and s.kind = 'partner_api'
  order by 1, 2;
$$;
comment on function catalog.list_source_faults() is
  'Active sources whose leads cannot be taken; see leadgen.list_configuration_faults.';

create or replace function catalog.list_exclusivity_faults()
returns table (subject text, fault text, remedy text)
language sql
stable
as $$
  select format('exclusivity %s, %s %s of %s', x.id, replace(x.scope_type, '_', ' '), x.scope_value, o.slug), f.fault,
    f.remedy
  from leadgen.offer_exclusivities x
  join leadgen.offers o on o.id = x.offer_id
  join leadgen.buyers b on b.id = x.buyer_id
  join leadgen.routing_policies rp on rp.id = o.routing_policy_id
  cross join lateral (
    values
      (1, not b.is_active, format('its buyer %s is inactive', b.name),
        'activate the buyer, or switch the exclusivity off'),
      (2, b.is_active and not exists (
          select from leadgen.buyer_offers bo
          where bo.offer_id = o.id and bo.buyer_id = b.id and bo.is_active),
        format('its buyer %s has no active enrollment in the offer', b.name),
        'enroll the buyer, or switch the exclusivity off'),
      (3, x.scope_type <> all ((rp.compiled_config).exclusivity_scopes),
        'the routing policy of the offer ignores exclusivities of this scope',
        format('add %s to exclusivity.scopes of leadgen.routing_policies %s', x.scope_type, rp.id))
  ) f (place, is_so, fault, remedy)
  where x.is_active and o.is_active and f.is_so
  order by x.id, f.place;
$$;
comment on function catalog.list_exclusivity_faults() is
  'Active exclusivities of active offers that give their buyer nothing; see leadgen.list_configuration_faults.';
