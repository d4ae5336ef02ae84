-- Portal: why a buyer got leads this week, or did not. Its own numbers alone.

create or replace function portal.describe_week(p_buyer_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object('since', p_now - interval '7 days', 'offers', coalesce(jsonb_agg(
      portal.describe_enrollment(e, p_now) || portal.count_misses(e.id, p_now) order by o.name, e.id), '[]'))
    from leadgen.buyer_offers e
    join leadgen.offers o on o.id = e.offer_id
    where e.buyer_id = p_buyer_id);
end;
$$;
comment on function portal.describe_week(bigint, timestamptz) is
  'The enrollments of a buyer with their terms, and for each what became of the leads of the last seven days.';

create or replace function portal.count_misses(p_enrollment_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A decision has the numbers of every buyer side by side; only the place of this enrollment is read, and the enrollment
-- has to be of the buyer that the transaction acts for. A lead counts once: as bought if it ever was, else by its last
-- decision. The latest 5,000 leads of the offer are looked at.
declare
  v_offer_id constant bigint := (
    select e.offer_id from leadgen.buyer_offers e
    where e.id = p_enrollment_id and e.buyer_id = identity.acting_buyer());
  v_since constant timestamptz := p_now - interval '7 days';
begin
  return (
    with seen as materialized (
      select l.id, l.market_id
      from leadgen.leads l
      where l.offer_id = v_offer_id and l.created_at >= v_since
      order by l.created_at desc
      limit 5000
    ),
    judged as (
      select n.id, max(d.decided_at) as decided_at, bool_or(p.place = any (d.winners)) as is_won,
        (array_agg(portal.name_miss(d.reasons[p.place]) order by d.attempt desc))[1] as reason,
        (array_agg(d.prices[p.place] order by d.attempt desc))[1] as price,
        (array_agg(d.prices[p.place] order by d.attempt) filter (where p.place = any (d.winners)))[1] as paid,
        (array_agg(d.balances[p.place] order by d.attempt desc))[1] as balance,
        (array_agg(d.credits[p.place] order by d.attempt desc))[1] as credit
      from seen n
      join leadgen.lead_decisions d on d.lead_id = n.id and d.market_id = n.market_id
      cross join lateral (select array_position(d.enrollments, p_enrollment_id) as place) p
      where p.place is not null
      group by n.id
    ),
    missed as (
      select j.reason, count(*) as leads, sum(j.price) as worth, max(j.decided_at) as last_at,
        (array_agg(j.price order by j.decided_at desc))[1] as last_price,
        (array_agg(j.balance order by j.decided_at desc))[1] as last_balance,
        (array_agg(j.credit order by j.decided_at desc))[1] as last_credit
      from judged j
      where not j.is_won
      group by j.reason
    )
    select jsonb_build_object(
      'is_cut', (select count(*) = 5000 from seen),
      'judged', (select count(*) from judged),
      'bought', (select count(*) from judged j where j.is_won),
      'spent', (select coalesce(sum(j.paid), 0) from judged j where j.is_won),
      'misses', coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('words', portal.describe_miss(m.reason))
        order by m.leads desc, m.reason), '[]'))
    from missed m);
end;
$$;
comment on function portal.count_misses(bigint, timestamptz) is
  'What became of the leads of seven days for an enrollment of the buyer that the transaction acts for: how many it '
  'was judged for, how many it bought, and why it did not get the others. Of another buyer''s enrollment: nothing.';

create or replace function portal.name_miss(p_reason text)
returns text
language plpgsql
immutable
as $$
-- What tells of others, or of what the house earns, is one reason: others.
begin
  return case
    when p_reason ~ '^(cap|budget)_' then p_reason
    when p_reason = any ('{enrollment_inactive,buyer_inactive,no_channel,paused,outside_schedule,outside_calling_hours,
      no_calling_consent,outside_service_area,filters,already_had_lead,bought_contact_before,suppressed_for_buyer,
      minimum_balance,funds,credit}'::text[]) then p_reason
    else 'others'
  end;
end;
$$;
comment on function portal.name_miss(text) is
  'The reason of a decision as its buyer is told it: its own reasons by their code, all else as others.';

create or replace function portal.describe_miss(p_reason text)
returns text
language plpgsql
immutable
as $$
begin
  return case p_reason
    when 'enrollment_inactive' then 'Your enrollment was switched off.'
    when 'buyer_inactive' then 'Your account was switched off.'
    when 'no_channel' then 'None of your endpoints was in use.'
    when 'paused' then 'You had paused.'
    when 'outside_schedule' then 'They came outside your hours.'
    when 'outside_calling_hours' then 'The person could not be called at that time.'
    when 'no_calling_consent' then 'The person had not agreed to be called.'
    when 'outside_service_area' then 'They were outside your areas.'
    when 'filters' then 'They did not meet your filters.'
    when 'already_had_lead' then 'You had had the lead before.'
    when 'bought_contact_before' then 'You had bought the same contact before.'
    when 'suppressed_for_buyer' then 'The contact is on your suppression list.'
    when 'minimum_balance' then 'Your balance was below the minimum of the enrollment.'
    when 'funds' then 'Your balance did not pay the price.'
    when 'credit' then 'What was left of your credit limit did not pay the price.'
    when 'others' then 'They were placed elsewhere, or not sold.'
    else format('Your %s was used up.', case split_part(p_reason, '_', 1)
      when 'cap' then 'cap of leads a ' else 'budget a ' end || split_part(p_reason, '_', 2))
  end;
end;
$$;
comment on function portal.describe_miss(text) is 'Why a buyer did not get leads, in words for it.';
