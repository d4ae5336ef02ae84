-- What must hold of decisions, sales and returns at every moment. Each query looks for the contrary.

create or replace function market.list_broken_decisions()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'at_most_max_buyers', format('lead %s: %s sales, at most %s', d.lead_id, count(a.id),
    coalesce(d.max_buyers, (d.settings).max_buyers))
  from leadgen.lead_decisions d
  join leadgen.lead_assignments a on a.decision_id = d.id and a.market_id = d.market_id
  group by d.id, d.lead_id, d.max_buyers, d.settings
  having count(a.id) > coalesce(d.max_buyers, (d.settings).max_buyers);

  return query
  select 'at_most_max_buyers', format('lead %s: %s sales stand, at most %s', a.lead_id, count(*), most.buyers)
  from leadgen.lead_assignments a
  cross join lateral (
    select max(coalesce((p.body ->> 'max_buyers')::integer, 1)) as buyers
    from leadgen.lead_decisions d
    join leadgen.policy_versions p
      on p.kind = 'routing' and p.policy_id = d.routing_policy_id and p.version = d.routing_policy_version
    where d.lead_id = a.lead_id and d.market_id = a.market_id
  ) most
  where a.released_at is null
  group by a.lead_id, most.buyers
  having count(*) > most.buyers;

  return query
  select 'winners_are_sales', format('lead %s, attempt %s', d.lead_id, d.attempt)
  from leadgen.lead_decisions d
  where array(
    select coalesce(d.enrollments[w], (d.candidates[w]).buyer_offer_id) from unnest(d.winners) w order by 1) <> array(
    select a.buyer_offer_id from leadgen.lead_assignments a
    where a.decision_id = d.id and a.market_id = d.market_id
    order by 1);
end;
$$;
comment on function market.list_broken_decisions() is
  'What is wrong with decisions: their winners are their sales, at most as many as the policy allows.';

create or replace function market.list_broken_leads()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'lead_shows_first_sale',
    format('lead %s: buyer %s at %s, first sale to %s at %s', l.id, l.buyer_id, l.price, a.buyer_id, a.price)
  from leadgen.leads l
  left join lateral (
    select s.buyer_id, s.price from leadgen.lead_assignments s
    where s.lead_id = l.id and s.market_id = l.market_id
    order by s.id
    limit 1
  ) a on true
  where (l.buyer_id, l.price) is distinct from (a.buyer_id, a.price);

  -- A sale that was released leaves its mark on the lead: buyer and price. Whether the lead is sold, its other sales
  -- say.
  return query
  select 'valid_lead_is_sold_or_explained', format('lead %s', l.id)
  from leadgen.leads l
  cross join lateral (
    select
      coalesce(bool_or(a.released_at is null), false) as stands,
      coalesce(bool_or(a.released_at is not null), false) as was_released
    from leadgen.lead_assignments a
    where a.lead_id = l.id and a.market_id = l.market_id
  ) sale
  where l.status <> 'received'
    and ((l.validation_reason is not null) <> (l.status = 'rejected' and l.rejection_reason is null)
      or (l.validation_reason is null and case
        when l.status = 'rejected' then sale.stands or not sale.was_released
        when sale.was_released then not sale.stands and l.unsold_reason is null
        else (l.buyer_id is null) <> (l.unsold_reason is not null)
      end)
      or (l.validation_reason is null) <> exists (
        select from leadgen.lead_decisions d where d.lead_id = l.id and d.market_id = l.market_id));

  return query
  select 'lead_names_its_policies', format('lead %s: routing policy %s, version %s; pricing policy %s, version %s',
    l.id, l.routing_policy_id, l.routing_policy_version, l.pricing_policy_id, l.pricing_policy_version)
  from leadgen.leads l
  join lateral (
    select d.* from leadgen.lead_decisions d
    where d.lead_id = l.id and d.market_id = l.market_id
    order by d.attempt desc
    limit 1
  ) d on true
  where (l.routing_policy_id, l.routing_policy_version, l.pricing_policy_id, l.pricing_policy_version)
    is distinct from (d.routing_policy_id, d.routing_policy_version, d.pricing_policy_id, d.pricing_policy_version);
end;
$$;
comment on function market.list_broken_leads() is
  'What is wrong with leads: each shows its first sale and its latest policies, and is sold, or says why not.';

create or replace function market.list_broken_sales()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'sale_has_one_state', format('assignment %s of lead %s: %s, release due at %s, released at %s',
    a.id, a.lead_id, a.outcome, coalesce(a.release_due_at::text, 'never'), coalesce(a.released_at::text, 'never'))
  from leadgen.lead_assignments a
  where num_nonnulls(a.release_due_at, a.released_at) > 1
    or case
      when a.outcome in ('pending', 'delivered', 'accepted') then market.has_ended(a)
      when a.outcome in ('returned', 'lapsed', 'erased') then not market.has_ended(a)
    end;

  return query
  select 'sale_has_its_times', format('assignment %s of lead %s: %s, delivered at %s, accepted at %s',
    a.id, a.lead_id, a.outcome, coalesce(a.delivered_at::text, 'never'), coalesce(a.accepted_at::text, 'never'))
  from leadgen.lead_assignments a
  where (a.outcome in ('delivered', 'accepted') and a.delivered_at is null)
    or (a.outcome = 'accepted' and a.accepted_at is null)
    or (a.outcome in ('lapsed', 'erased') and a.accepted_at is not null);
end;
$$;
comment on function market.list_broken_sales() is
  'What is wrong with sales: each stands, or has ended and is due to be released, or was released; and has the times '
  'of its outcome.';

create or replace function market.list_broken_returns()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'returns_are_settled',
    format('return %s of assignment %s: %s, the sale is %s', r.id, a.id, r.status, a.outcome)
  from leadgen.sale_returns r
  join leadgen.lead_assignments a on a.id = r.assignment_id and a.market_id = r.market_id
  where (r.status = 'approved') > (a.outcome = 'returned' and a.released_at is not null)
    or (r.status in ('received', 'requested') and a.released_at is not null);

  return query
  select 'returned_sale_has_return', format('assignment %s of lead %s', a.id, a.lead_id)
  from leadgen.lead_assignments a
  where a.outcome = 'returned'
    and not exists (select from leadgen.sale_returns r where r.assignment_id = a.id and r.status = 'approved');
end;
$$;
comment on function market.list_broken_returns() is
  'What is wrong with returns: an approved one ended its sale, a returned '
  'sale has one, an open one is of a sale that stands.';
