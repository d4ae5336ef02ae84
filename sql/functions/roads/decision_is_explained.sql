-- Road: somebody asks why.

create or replace function roads.explain_lead(p_lead_id bigint)
returns jsonb
language plpgsql
stable
as $$
-- No personal data of the lead: an account of the decision can be shown to whoever runs the market.
declare
  v_account jsonb;
begin
  select jsonb_build_object(
    'lead_id', l.id,
    'status', l.status,
    'billing_status', l.billing_status,
    'summary', roads.summarize_lead(l.id),
    'received_at', l.created_at,
    'market', m.name,
    'currency', m.currency,
    'vertical', v.name,
    'offer_id', o.id,
    'offer', o.name,
    'source', s.source_key,
    'postal_code', l.postal_code,
    'validation', jsonb_build_object(
      'passed', l.validation_reason is null,
      'policy_id', l.validation_policy_id,
      'policy_version', l.validation_policy_version,
      'errors', coalesce(l.answer -> 'errors', '[]'))
      || case
        when l.answer -> 'errors' @> '[{"code": "duplicate"}]'
          then jsonb_build_object(
            'duplicate_of', (l.signals).duplicate_lead_id, 'duplicate_by', (l.signals).duplicate_field)
        else '{}'
      end,
    'consent', jsonb_build_object(
      'consent', l.consent, 'gdpr_consent', l.gdpr_consent, 'consent_at', l.consent_at,
      'has_certificate', coalesce(l.consent_certificate_url, l.tracking ->> 'consent_certificate_id') is not null)
      || catalog.describe_consent_text(l.tracking),
    'form', jsonb_build_object('token', (l.signals).form_status, 'issued_at', (l.signals).form_issued_at),
    'suppressed_by', coalesce(to_jsonb((l.signals).suppressed_by), '[]'),
    'intake_notes', coalesce(to_jsonb(l.intake_notes), '[]'),
    'unsold_reason', l.unsold_reason,
    'hold_until', l.hold_until,
    'erasure', roads.explain_erasure(l),
    'attempts', roads.explain_attempts(l.id),
    'sales', roads.explain_sales(l.id)
  ) || case when l.phone_extension is null then '{}' else '{"has_phone_extension": true}' end::jsonb
  into v_account
  from leadgen.leads l
  join leadgen.markets m on m.id = l.market_id
  join leadgen.verticals v on v.id = l.vertical_id
  join leadgen.offers o on o.id = l.offer_id
  join leadgen.sources s on s.id = l.source_id
  where l.id = p_lead_id;
  if v_account is null then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text,
      'the id of a lead');
  end if;
  return v_account;
end;
$$;
comment on function roads.explain_lead(bigint) is 'The work of leadgen.explain_lead.';

create or replace function roads.explain_erasure(p_lead leadgen.leads)
returns jsonb
language plpgsql
stable
as $$
-- The event of an erasure of an earlier release has its reason in the message only.
begin
  if p_lead.erased_at is null then
    return null;
  end if;
  return jsonb_build_object('erased_at', p_lead.erased_at) || coalesce(
    (
      select jsonb_build_object(
        'by', e.facts ->> 'by',
        'reason', coalesce(e.facts ->> 'reason', substring(e.message from ' was erased: (.*)$')))
      from leadgen.events e
      where e.kind = 'lead_erased' and e.subject = 'lead ' || p_lead.id
    ), '{}');
end;
$$;
comment on function roads.explain_erasure(leadgen.leads) is
  'When, by whom and why a lead was erased, as JSON; null: it was not.';

create or replace function roads.explain_lead_for(p_key_hash text, p_lead_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  perform identity.authorize_operator(p_key_hash, 'read');
  return roads.explain_lead(p_lead_id);
end;
$$;
comment on function roads.explain_lead_for(text, bigint) is 'The work of leadgen.explain_lead_for.';

create or replace function roads.explain_attempts(p_lead_id bigint)
returns jsonb
language sql
stable
as $$
-- When it is tried again the lead's row says: an edit may have woken it, and at the end of its hold it is not tried.
  with candidate as materialized (
    select c.attempt, jsonb_agg(to_jsonb(c) - '{attempt,decided_at}'::text[]) as candidates
    from roads.explain_candidates(p_lead_id) c
    group by c.attempt
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'attempt', d.attempt,
    'decided_at', d.decided_at,
    'routing_policy_id', d.routing_policy_id,
    'routing_policy_version', d.routing_policy_version,
    'strategy', (p.policy).strategy,
    'max_buyers', (p.policy).max_buyers,
    'cost', kernel.describe_cost(d.cost) || jsonb_build_object(
      'payout_policy_id', d.payout_policy_id, 'payout_policy_version', d.payout_policy_version),
    'exclusive_buyer_id', d.exclusive_buyer_id,
    'fell_through', case when f.reason is not null then
      jsonb_build_object(
        'buyer_id', (d.exclusivity).buyer_id,
        'buyer', (select b.name from leadgen.buyers b where b.id = (d.exclusivity).buyer_id),
        'scope_type', (d.exclusivity).scope_type,
        'scope_value', (d.exclusivity).scope_value,
        'reason', f.reason)
    end,
    'went_first', coalesce(d.went_first, '{}'),
    'behind_lead_id', d.behind_lead_id,
    'calling', case when (d.calling).rules is not null then to_jsonb(d.calling) end,
    'choice', case when (d.choice).buyer_id is not null then to_jsonb(d.choice) end,
    'unsold_reason', d.unsold_reason,
    'next_route_at', case
      when not d.is_latest then d.next_route_at
      when l.next_route_at < l.hold_until then l.next_route_at
    end,
    'offer_limits', (
      select coalesce(
        jsonb_agg(jsonb_build_object('code', l.code, 'used', l.used, 'cap', l.cap) order by l.place), '[]')
      from unnest((s.snapshot).limit_owners, (s.snapshot).limit_codes, (s.snapshot).limit_uses, (s.snapshot).limit_caps)
        with ordinality as l (owner, code, used, cap, place)
      where l.owner = 0),
    'candidates', coalesce(c.candidates, '[]')
  ) order by d.attempt), '[]')
  from leadgen.leads l
  join (
    select c as record, c.*, c.attempt = max(c.attempt) over () as is_latest
    from leadgen.lead_decisions c
    where c.lead_id = p_lead_id
  ) d on d.lead_id = l.id
  cross join lateral (select market.recall_policy(d.record) as policy offset 0) p
  cross join lateral (select market.recall_snapshot(d.record, p.policy) as snapshot offset 0) s
  left join lateral (
    select kernel.find_fall_through(s.snapshot, d.reasons) as reason
    where (d.exclusivity).buyer_id is not null and d.exclusive_buyer_id is null
  ) f on true
  left join candidate c on c.attempt = d.attempt
  where l.id = p_lead_id;
$$;
comment on function roads.explain_attempts(bigint) is
  'A lead''s routing attempts as JSON: by which policy, what the offer''s own limits had left, and every candidate '
  'with its reason.';

create or replace function roads.explain_candidates(p_lead_id bigint)
returns table (
  attempt integer,
  decided_at timestamptz,
  buyer_offer_id bigint,
  buyer_id bigint,
  buyer_name text,
  verdict text,
  rank bigint,
  reason text,
  price numeric
)
language sql
stable
as $$
  select
    d.attempt, d.decided_at, c.buyer_offer_id, c.buyer_id,
    coalesce(b.name, format('buyer %s, deleted', c.buyer_id)),
    case
      when c.place = any (d.winners) then 'won'
      when d.reasons[c.place] is null then 'passed'
      else 'lost'
    end,
    array_position(d.ranking, c.place::integer),
    case
      when c.place = any (d.winners) then null
      when d.reasons[c.place] is null then
        format('ranked %s of %s by %s', array_position(d.ranking, c.place::integer), cardinality(d.ranking),
          array_to_string((p.policy).strategy, ', then '))
      else c.words
    end,
    a.price
  from leadgen.lead_decisions d
  cross join lateral (select market.recall_policy(d) as policy offset 0) p
  cross join lateral (select market.recall_snapshot(d, p.policy) as snapshot offset 0) s
  cross join lateral (select kernel.describe_reasons(s.snapshot, d.reasons) as words offset 0) w
  cross join lateral unnest((s.snapshot).enrollments, (s.snapshot).buyers, w.words) with ordinality
    as c (buyer_offer_id, buyer_id, words, place)
  left join leadgen.buyers b on b.id = c.buyer_id
  left join leadgen.lead_assignments a
    on a.lead_id = d.lead_id and a.buyer_id = c.buyer_id and a.decision_id = d.id and a.market_id = d.market_id
  where d.lead_id = p_lead_id
  order by d.attempt, array_position(d.ranking, c.place::integer) nulls last, c.place;
$$;
comment on function roads.explain_candidates(bigint) is 'The work of leadgen.explain_candidates.';

create or replace function roads.explain_sales(p_lead_id bigint)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'assignment_id', a.id,
    'buyer_id', a.buyer_id,
    'buyer', b.name,
    'price', a.price,
    'currency', a.currency,
    'price_steps', a.price_steps,
    'cost', c.amount,
    'margin', a.price - c.amount,
    'is_exclusive', a.is_exclusive,
    'outcome', a.outcome,
    'ending', case when market.has_ended(a) then market.describe_ending(a) end,
    'replacement', (
      select jsonb_build_object('status', r.status, 'used_by', r.used_by) from leadgen.replacements r
      where r.assignment_id = a.id),
    'replaces', (select r.assignment_id from leadgen.replacements r where r.used_by = a.id),
    'reports', (
      select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'reported_at', o.created_at, 'stage', o.stage, 'happened_at', o.happened_at, 'value', o.value, 'stars', o.stars,
        'via', o.via)) order by o.id), '[]')
      from leadgen.outcome_reports o
      where o.assignment_id = a.id),
    'deliveries', (
      select jsonb_agg(jsonb_build_object(
        'delivery_id', d.id,
        'channel', d.channel,
        'status', d.status,
        'attempts', d.attempts,
        'last_error', d.last_error
      ) order by d.id)
      from leadgen.deliveries d
      where d.assignment_id = a.id and d.market_id = a.market_id)
  ) order by a.id), '[]')
  from leadgen.lead_assignments a
  join leadgen.buyers b on b.id = a.buyer_id
  join leadgen.lead_decisions r on r.id = a.decision_id and r.market_id = a.market_id
  cross join lateral (select kernel.find_full_cost(r.cost, a.price, r.decimals) as amount) c
  where a.lead_id = p_lead_id;
$$;
comment on function roads.explain_sales(bigint) is
  'A lead''s sales as JSON: buyer, price with its steps, outcome, deliveries, what the buyer reported; what it cost '
  'and what its price leaves after that, by which it was judged; null: its source costs nothing.';

create or replace function roads.summarize_lead(p_lead_id bigint)
returns text
language sql
stable
as $$
-- A buyer's own words for a return are not repeated: whoever sent the lead may read this.
  select case
    when l.validation_reason is not null then 'Rejected: ' || l.validation_reason
    else upper(left(said.words, 1)) || substr(said.words, 2)
  end
  from leadgen.leads l
  cross join lateral (
    select
      'sold to ' || string_agg(s.words, ', ' order by s.id) filter (where s.released_at is null) as sold,
      'no longer sold to ' || string_agg(s.name || ' (' || s.ending || ')', ', ' order by s.id)
        filter (where s.released_at is not null) as given_back
    from (
      select a.id, a.released_at, b.name, market.describe_ending(a) as ending,
        format('%s for %s %s%s', b.name, round(a.price, kernel.currency_minor_unit(a.currency)), a.currency,
          case when a.is_exclusive then ' (exclusive)' else '' end) as words
      from leadgen.lead_assignments a
      join leadgen.buyers b on b.id = a.buyer_id
      where a.lead_id = l.id and a.market_id = l.market_id
    ) s
  ) sale
  cross join lateral (
    select concat_ws('; ', sale.sold, sale.given_back, case
      when l.hold_until is not null then
        format('%s until %s, because: %s', case when sale.sold is null then 'held' else 'held for one more buyer' end,
          to_char(l.hold_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          coalesce(l.unsold_reason, 'one place is free'))
      when sale.sold is null then 'unsold: ' || l.unsold_reason
    end) as words
  ) said
  where l.id = p_lead_id;
$$;
comment on function roads.summarize_lead(bigint) is 'What became of a lead, in one line.';
