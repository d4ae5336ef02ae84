-- Contacts: earlier leads of a phone, an e-mail or a mailbox, and who bought them.

create or replace function intake.find_duplicate(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_since timestamptz,
  p_before_id bigint default null,
  p_turned bigint[] default '{}',
  out lead_id bigint,
  out created_at timestamptz,
  out field text
)
language plpgsql
stable
as $$
-- An earlier lead that failed validation does not count; an empty phone or e-mail matches nothing. A lead of the same
-- mailbox has the mailbox's own address, or is in the index of those that have another.
declare
  v_match constant jsonb := coalesce(p_route.validation_rules -> 'duplicate_match', '["phone", "email"]');
  v_scope constant text := coalesce(p_route.validation_rules ->> 'duplicate_scope', 'offer');
  v_needs_all constant boolean := coalesce(p_route.validation_rules ->> 'duplicate_match_mode' = 'all', false);
  v_phone constant text := case when v_match ? 'phone' then p_facts.phone end;
  v_email constant text := case when v_match ? 'email' then p_facts.email end;
  v_mailbox constant text := case when v_match ? 'mailbox' then ref.fold_mailbox(p_facts.email) end;
  v_sealed_phone constant text := case when v_match ? 'phone' then p_facts.sealed_phone end;
  v_sealed_email constant text := case when v_match ? 'email' then p_facts.sealed_email end;
  v_sealed_mailbox constant text := case when v_match ? 'mailbox' then ref.fold_mailbox(p_facts.sealed_email) end;
begin
  select earlier.id, earlier.created_at, earlier.matched into lead_id, created_at, field
  from (
    select l.*, 'phone' as matched, 1 as place from leadgen.leads l
    where l.phone in (v_phone, v_sealed_phone)
    union all
    select l.*, 'email', 2 from leadgen.leads l where l.email in (v_email, v_sealed_email)
    union all
    select l.*, 'mailbox', 3 from leadgen.leads l where l.email in (v_mailbox, v_sealed_mailbox)
    union all
    select l.*, 'mailbox', 3 from leadgen.leads l
    where ref.fold_mailbox(l.email) in (v_mailbox, v_sealed_mailbox) and ref.fold_mailbox(l.email) <> l.email
  ) earlier
  where earlier.created_at > p_since
    and (earlier.validation_reason is null) <> (earlier.id = any (p_turned))
    and (p_before_id is null or (earlier.created_at, earlier.id) < (p_facts.decided_at, p_before_id))
    and (not v_needs_all or (
      (not v_match ? 'phone' or earlier.phone in (v_phone, v_sealed_phone))
      and (not v_match ? 'email' or earlier.email in (v_email, v_sealed_email))
      and (not v_match ? 'mailbox' or ref.fold_mailbox(earlier.email) in (v_mailbox, v_sealed_mailbox))))
    and case v_scope
      when 'offer' then earlier.market_id = p_route.market_id and earlier.offer_id = p_route.offer_id
      when 'market' then earlier.market_id = p_route.market_id
      when 'vertical' then earlier.vertical_id = p_route.vertical_id
      else true
    end
  order by earlier.created_at desc, earlier.id desc, earlier.place
  limit 1;
end;
$$;
comment on function intake.find_duplicate(kernel.lead_facts, catalog.route, timestamptz, bigint, bigint[]) is
  'The latest valid lead since a time with the same contact, as the policy''s duplicate_match, duplicate_match_mode '
  'and duplicate_scope say. For a rehearsal: only of those that came before a lead (p_before_id), and with the '
  'verdicts of p_turned turned round.';

create or replace function intake.find_duplicate_again(
  p_lead leadgen.leads,
  p_facts kernel.lead_facts,
  p_rules jsonb,
  p_turned bigint[]
)
returns kernel.lead_facts
language plpgsql
stable
as $$
declare
  v_hours constant numeric := coalesce(
    (p_rules ->> 'duplicate_window_hours')::numeric,
    (select s.default_duplicate_window_hours from leadgen.settings s));
  v_facts kernel.lead_facts := p_facts;
  v_route catalog.route;
  v_duplicate record;
begin
  v_facts.duplicate_lead_id := null;
  v_facts.duplicate_created_at := null;
  v_facts.duplicate_field := null;
  if v_hours > 0 then
    v_route.market_id := p_lead.market_id;
    v_route.vertical_id := p_lead.vertical_id;
    v_route.offer_id := p_lead.offer_id;
    v_route.validation_rules := p_rules;
    v_duplicate := intake.find_duplicate(
      v_facts, v_route, v_facts.decided_at - v_hours * interval '1 hour', p_lead.id, p_turned);
    v_facts.duplicate_lead_id := v_duplicate.lead_id;
    v_facts.duplicate_created_at := v_duplicate.created_at;
    v_facts.duplicate_field := v_duplicate.field;
  end if;
  return v_facts;
end;
$$;
comment on function intake.find_duplicate_again(leadgen.leads, kernel.lead_facts, jsonb, bigint[]) is
  'The facts of a stored lead with the duplicate that these rules would have found when it came; of the leads p_turned '
  'the verdict is the other one.';

create or replace function intake.find_buyers_with_contact(
  p_facts kernel.lead_facts,
  p_route catalog.route,
  p_lead_id bigint default null
)
returns bigint[]
language plpgsql
stable
as $$
declare
  v_days constant numeric := (p_route.routing_settings).contact_window_days;
  v_since constant timestamptz := p_facts.decided_at - v_days * interval '1 day';
  v_mailbox constant text := case
    when p_route.validation_rules -> 'duplicate_match' ? 'mailbox' then ref.fold_mailbox(p_facts.email) end;
  v_sealed_mailbox constant text := case
    when p_route.validation_rules -> 'duplicate_match' ? 'mailbox' then ref.fold_mailbox(p_facts.sealed_email) end;
begin
  if v_days = 0 then
    return '{}';
  end if;
  return array(
    select a.buyer_id
    from (
      select l.id from leadgen.leads l
      where l.offer_id = p_route.offer_id and l.phone in (p_facts.phone, p_facts.sealed_phone)
        and l.created_at > v_since
      union all
      select l.id from leadgen.leads l
      where l.offer_id = p_route.offer_id and l.email in (p_facts.email, p_facts.sealed_email)
        and l.created_at > v_since
      union all
      select l.id from leadgen.leads l
      where l.offer_id = p_route.offer_id and l.email in (v_mailbox, v_sealed_mailbox)
        and l.created_at > v_since
      union all
      select m.id from (
        select l.id, l.offer_id from leadgen.leads l
        where ref.fold_mailbox(l.email) in (v_mailbox, v_sealed_mailbox) and ref.fold_mailbox(l.email) <> l.email
          and l.created_at > v_since
        offset 0 -- by the mailbox, even where the planner has no statistics of it
      ) m
      where m.offer_id = p_route.offer_id
    ) earlier
    cross join lateral (
      select s.buyer_id from leadgen.lead_assignments s
      where s.lead_id = earlier.id and s.market_id = p_route.market_id and s.outcome not in ('failed', 'erased')
      offset 0 -- from the few leads to their sales, even by a plan of when there was no lead yet
    ) a
    where earlier.id is distinct from p_lead_id
  );
end;
$$;
comment on function intake.find_buyers_with_contact(kernel.lead_facts, catalog.route, bigint) is
  'Buyers who bought another lead of the same phone or e-mail, or of the same mailbox where duplicate_match says so, '
  'from the offer within the policy''s contact_window_days; a sale that never reached its buyer does not count.';
