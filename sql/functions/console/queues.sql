-- Queues: what waits for an operator. Each list has a page of 50, and the key from which the next one goes on.

create or replace function console.list_quarantine(p_before bigint)
returns jsonb
language plpgsql
stable
as $$
-- Nothing of what was sent is shown: a submission may be anybody's.
begin
  return (
    select jsonb_build_object('rows', coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]'),
      'next', case when count(*) = 50 then min(r.id) end)
    from (
      select q.id, q.created_at, q.last_seen_at, q.times_seen, q.failed_step, q.reason, q.cut_bytes,
        q.payload ->> 'source_key' as source_key, q.sealed is not null as is_sealed
      from leadgen.intake_quarantine q
      where q.resubmitted_at is null and (p_before is null or q.id < p_before)
      order by q.id desc
      limit 50
    ) r);
end;
$$;
comment on function console.list_quarantine(bigint) is
  'Submissions that wait in quarantine, the latest first.';

create or replace function console.list_held(p_after bigint)
returns jsonb
language plpgsql
stable
as $$
-- By when they are offered next, and the id: next names the last of the page.
declare
  v_after constant timestamptz := (select l.next_route_at from leadgen.leads l where l.id = p_after);
begin
  return (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(to_jsonb(r) order by r.next_route_at, r.id), '[]'),
      'next', case when count(*) = 50 then (array_agg(r.id order by r.next_route_at desc, r.id desc))[1]
      end)
    from (
      select l.id, l.created_at, o.name as offer, l.postal_code, l.unsold_reason as reason, l.hold_until,
        l.next_route_at
      from leadgen.leads l
      join leadgen.offers o on o.id = l.offer_id
      where l.hold_until is not null and (v_after is null or (l.next_route_at, l.id) > (v_after, p_after))
      order by l.next_route_at, l.id
      limit 50
    ) r);
end;
$$;
comment on function console.list_held(bigint) is 'Held leads, by when they are offered next.';

create or replace function console.list_returns(p_status text, p_before bigint)
returns jsonb
language plpgsql
stable
as $$
-- What waits is an index; of what was decided, the latest are looked at.
begin
  if p_status is null or p_status not in ('requested', 'received', 'approved', 'refused') then
    perform kernel.refuse('LG400', 'There is no such state of a return', 'status',
      coalesce(left(p_status, 30), 'nothing'), 'requested, received, approved, refused');
  end if;
  return jsonb_build_object('status', p_status) || (
    select jsonb_build_object('rows', coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]'),
      'next', case when count(*) = 50 then min(r.id) end)
    from (
      select r.id, r.created_at, r.status, r.reason_code, n.description as reason, r.note, r.via, r.decided_at,
        r.decided_by, r.decision_note, r.gives, r.assignment_id, a.lead_id, a.price, a.currency,
        a.created_at as sold_at, b.name as buyer, o.name as offer, market.list_evidence(r.id) as evidence
      from leadgen.sale_returns r
      join leadgen.return_reasons n on n.code = r.reason_code
      join leadgen.lead_assignments a on a.id = r.assignment_id
      join leadgen.buyers b on b.id = r.buyer_id
      join leadgen.offers o on o.id = r.offer_id
      where r.status = p_status and (p_before is null or r.id < p_before)
      order by r.id desc
      limit 50
    ) r);
end;
$$;
comment on function console.list_returns(text, bigint) is 'Returns in a state, the latest first, with their evidence.';

create or replace function console.list_events(p_kind text, p_before bigint, p_limit integer default 50)
returns jsonb
language plpgsql
stable
as $$
-- By time, as events are indexed; of one kind the latest 5,000 events are looked at.
declare
  v_before constant timestamptz := (select e.created_at from leadgen.events e where e.id = p_before);
begin
  return jsonb_build_object('kind', p_kind) || (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(to_jsonb(r) order by r.created_at desc, r.id desc), '[]'),
      'next', case when count(*) = p_limit then (array_agg(r.id order by r.created_at, r.id))[1] end)
    from (
      select e.id, e.created_at, e.kind, e.message, e.buyer_id, b.name as buyer, e.facts
      from (
        select v.*
        from leadgen.events v
        where p_before is null or (v.created_at, v.id) < (v_before, p_before)
        order by v.created_at desc, v.id desc
        limit case when p_kind is null then p_limit else 5000 end
      ) e
      left join leadgen.buyers b on b.id = e.buyer_id
      where p_kind is null or e.kind = p_kind
      order by e.created_at desc, e.id desc
      limit p_limit
    ) r);
end;
$$;
comment on function console.list_events(text, bigint, integer) is 'Events, all or of one kind, the latest first.';
