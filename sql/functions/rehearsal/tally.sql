-- Tallies: outcomes counted, {part: {name: number}}. What history came to, and how a rehearsal differs, is counted
-- alike.

create or replace function rehearsal.count_moves(p_tally rehearsal.tally, p_moves rehearsal.move[])
returns rehearsal.tally
language plpgsql
stable
as $$
-- Sales are not counted here but as they are made (rehearsal.note_move).
declare
  v_tally rehearsal.tally := p_tally;
begin
  with kind as (
    select
      m.day, rehearsal.name_move(m.before, m.after) as name, (m.before).category as was,
      (m.before).cause as was_for, (m.after).category as is_now, (m.after).cause as is_for,
      count(*) as leads, sum(m.revenue) as revenue
    from unnest(p_moves) m
    group by 1, 2, 3, 4, 5, 6
  ),
  counted as (
    select c.part, c.name, sum(c.n) as n
    from kind k
    cross join lateral (
      values
        ('moved', k.name, k.leads),
        ('counts', k.was, -k.leads),
        ('counts', k.is_now, k.leads),
        (case k.was when 'rejected' then 'codes' else 'causes' end, k.was_for, -k.leads),
        (case k.is_now when 'rejected' then 'codes' else 'causes' end, k.is_for, k.leads),
        ('days', case k.was when 'sold' then k.day || ' sold' end, -k.leads),
        ('days', case k.is_now when 'sold' then k.day || ' sold' end, k.leads),
        ('days', k.day || ' revenue', k.revenue)
    ) as c (part, name, n)
    where c.name is not null
    group by c.part, c.name
  ),
  named as (
    select c.part, jsonb_object_agg(c.name, c.n) as counts from counted c group by c.part
  )
  select rehearsal.add_parts(p_tally.parts, jsonb_object_agg(n.part, n.counts)) into v_tally.parts from named n;
  v_tally.examples := p_tally.examples || (
    select coalesce(jsonb_agg(jsonb_build_object(
      'lead_id', m.lead_id, 'before', to_jsonb(m.before), 'after', to_jsonb(m.after), 'why', m.why)
      order by m.ordinality), '[]')
    from unnest(p_moves) with ordinality as m
    where m.why is not null);
  return v_tally;
end;
$$;
comment on function rehearsal.count_moves(rehearsal.tally, rehearsal.move[]) is
  'A tally with leads that come out differently: taken from what they were, added to what they are, classified, and '
  'those with a reason kept as examples.';

create or replace function rehearsal.count_seats(p_plan rehearsal.plan, p_play rehearsal.play)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select jsonb_build_object(
      'sales', jsonb_object_agg(s.id, s.gained), 'revenue', jsonb_object_agg(s.id, s.earned),
      'cost', jsonb_build_object('all', coalesce(p_play.cost, 0)))
    from unnest(p_plan.ids, p_play.gained, p_play.earned) as s (id, gained, earned));
end;
$$;
comment on function rehearsal.count_seats(rehearsal.plan, rehearsal.play) is
  'The parts of a tally that are counted by enrollment, sales and revenue '
  'more than in history, and what sources are paid more.';

create or replace function rehearsal.name_move(p_before rehearsal.outcome, p_after rehearsal.outcome)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_before.category = p_after.category and p_before.seats = p_after.seats
      and p_before.prices = p_after.prices then null
    when p_before.category <> 'sold' and p_after.category <> 'sold' then 'not_sold'
    when p_before.category <> 'sold' then 'gained'
    when p_after.category <> 'sold' then 'lost'
    when p_before.seats <> p_after.seats then 'other_buyer'
    else 'other_price'
  end;
end;
$$;
comment on function rehearsal.name_move(rehearsal.outcome, rehearsal.outcome) is
  'In which way a lead moved: gained, lost, other_buyer, other_price or not_sold (unsold, held or rejected, but not '
  'as before); null: it did not.';

create or replace function rehearsal.explain_move(
  p_before rehearsal.outcome,
  p_after rehearsal.outcome,
  p_snapshot kernel.snapshot,
  p_decision kernel.decision
)
returns text
language plpgsql
stable
as $$
-- Told from who had the lead: why it is not (or not at this price) that buyer's any more. p_decision without
-- reasons: the lead was not routed here.
declare
  v_place integer;
begin
  if p_after.category = 'rejected' or p_decision.reasons is null then
    return concat_ws(': ', p_after.category, p_after.cause);
  elsif p_before.category <> 'sold' then
    return format('was %s, now %s',
      concat_ws(': ', p_before.category, p_before.cause), concat_ws(': ', p_after.category, p_after.cause));
  elsif p_before.seats = p_after.seats then
    return 'the same buyer at another price';
  end if;
  select c.place into v_place
  from unnest(p_snapshot.enrollments) with ordinality as c (id, place)
  where c.id = any (p_before.seats) and c.id <> all (p_after.seats)
  order by c.place limit 1;
  return case
    when v_place is null and p_before.seats <@ p_after.seats then 'sold to more buyers'
    when v_place is null then 'its buyer is not a candidate'
    when p_decision.reasons[v_place] is null then
      format('its buyer is ranked %s of %s',
        array_position(p_decision.ranking, v_place), cardinality(p_decision.ranking))
    else 'its buyer: ' || (kernel.describe_reasons(p_snapshot, p_decision.reasons))[v_place]
  end;
end;
$$;
comment on function rehearsal.explain_move(rehearsal.outcome, rehearsal.outcome, kernel.snapshot, kernel.decision) is
  'Why a rehearsal sends a lead elsewhere, in a few words with numbers: what now keeps its former buyer from it.';

create or replace function rehearsal.add_parts(p_parts jsonb, p_more jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(jsonb_object_agg(p.part, p.counts), '{}')
    from (
      select s.part, jsonb_object_agg(s.name, s.n) as counts
      from (
        select p.key as part, c.key as name, sum(c.value::numeric) as n
        from (
          select * from jsonb_each(p_parts)
          union all
          select * from jsonb_each(p_more)
        ) p
        cross join lateral jsonb_each_text(p.value) c
        group by p.key, c.key
        having sum(c.value::numeric) <> 0
      ) s
      group by s.part
    ) p
  );
end;
$$;
comment on function rehearsal.add_parts(jsonb, jsonb) is
  'The parts of two tallies added up; what comes to nothing is left out.';
