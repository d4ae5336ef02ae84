-- Outcome reports: what a buyer says came of a lead. Late, repeated and out of order are all fine.

create or replace function market.read_outcome_report(
  p_sale leadgen.lead_assignments,
  p_report jsonb,
  p_via text,
  p_now timestamptz
)
returns leadgen.outcome_reports
language plpgsql
stable
as $$
-- What was sent is described, not repeated: a comment is a buyer's words about a person. The digest is of what was
-- said, before it is read: the clock of a report that names no time is not part of it.
declare
  c_names constant text[] := '{stage,happened_at,value,stars,comment}';
  c_stages constant text[] := '{contacted,appointment,quoted,won,lost}';
  v_said constant jsonb := jsonb_strip_nulls(p_report);
  v_report leadgen.outcome_reports;
begin
  if jsonb_typeof(p_report) is distinct from 'object' or p_report - c_names <> '{}' then
    perform market.refuse_outcome('report', 'another field', array_to_string(c_names, ', '));
  elsif v_said - 'happened_at' = '{}' then
    perform market.refuse_outcome('stage', 'nothing', 'a stage, stars or a comment');
  end if;
  v_report.stage := v_said ->> 'stage';
  if v_said ? 'stage'
    and (jsonb_typeof(v_said -> 'stage') = 'string' and v_report.stage = any (c_stages)) is not true then
    perform market.refuse_outcome('stage', 'another value', array_to_string(c_stages, ', '));
  end if;
  v_report.happened_at := market.read_happening(p_sale, v_said -> 'happened_at', p_now);
  v_report.value := market.read_value(p_sale, v_report.stage, v_said -> 'value');
  if v_said ? 'stars' and (kernel.read_number(v_said -> 'stars') in (1, 2, 3, 4, 5)) is not true then
    perform market.refuse_outcome('stars', market.describe_json(v_said -> 'stars'), '1, 2, 3, 4, 5');
  end if;
  v_report.stars := kernel.read_number(v_said -> 'stars');
  v_report.comment := nullif(ref.collapse_space(v_said ->> 'comment'), '');
  if v_said ? 'comment'
    and (jsonb_typeof(v_said -> 'comment') = 'string' and length(v_said ->> 'comment') <= 500) is not true then
    perform market.refuse_outcome('comment', market.describe_json(v_said -> 'comment'), 'at most 500 characters');
  end if;
  v_report.created_at := p_now;
  v_report.market_id := p_sale.market_id;
  v_report.offer_id := p_sale.offer_id;
  v_report.buyer_id := p_sale.buyer_id;
  v_report.lead_id := p_sale.lead_id;
  v_report.assignment_id := p_sale.id;
  v_report.via := p_via;
  v_report.digest := sha256(convert_to(v_said::text, 'UTF8'));
  return v_report;
end;
$$;
comment on function market.read_outcome_report(leadgen.lead_assignments, jsonb, text, timestamptz) is
  'What a buyer reports of a sale, {stage, happened_at, value, stars, comment}, as a row without an id. LG400 names '
  'the field that cannot be.';

create or replace function market.read_happening(p_sale leadgen.lead_assignments, p_said jsonb, p_now timestamptz)
returns timestamptz
language plpgsql
stable
as $$
-- Clocks differ: a few minutes ahead of ours are no future. A day is its midnight, so it may begin before the sale.
declare
  v_zone constant text := (select m.timezone from leadgen.markets m where m.id = p_sale.market_id);
  v_at timestamptz;
begin
  if p_said is null then
    return p_now;
  elsif jsonb_typeof(p_said) <> 'string' then
    perform market.refuse_outcome('happened_at', market.describe_json(p_said),
      'a time: 2026-12-24 or 2026-12-24T18:00-06:00');
  end if;
  v_at := kernel.read_moment(p_said #>> '{}', v_zone, 'happened_at');
  if v_at > p_now + interval '5 minutes' then
    perform market.refuse_outcome('happened_at', kernel.write_instant(v_at), 'a time that has come');
  elsif v_at < p_sale.created_at - interval '1 day' then
    perform market.refuse_outcome('happened_at', kernel.write_instant(v_at),
      'a time after the sale, ' || kernel.write_instant(p_sale.created_at));
  end if;
  return least(v_at, p_now);
end;
$$;
comment on function market.read_happening(leadgen.lead_assignments, jsonb, timestamptz) is
  'When something came of a sale: a time or a day, by the market''s clock where it has no offset; null: now. LG400 '
  'for a time to come, and for one before the sale.';

create or replace function market.read_value(p_sale leadgen.lead_assignments, p_stage text, p_said jsonb)
returns numeric
language plpgsql
stable
as $$
declare
  v_value constant numeric := kernel.read_number(p_said);
begin
  if p_said is null then
    return null;
  elsif (p_stage in ('quoted', 'won')) is not true then
    perform market.refuse_outcome('value', 'a value', 'no value, unless the stage is quoted or won');
  elsif (v_value between 0 and 9999999999.99 and v_value = round(v_value, 2)) is not true then
    perform market.refuse_outcome('value', market.describe_json(p_said),
      format('an amount in %s from 0 to 9999999999.99, with at most two decimals', p_sale.currency));
  end if;
  return v_value;
end;
$$;
comment on function market.read_value(leadgen.lead_assignments, text, jsonb) is
  'What a quote or a won job is worth, in the sale''s currency; null: not said. LG400 for what is no such amount.';

create or replace function market.refuse_outcome(p_field text, p_found text, p_allowed text)
returns void
language plpgsql
immutable
as $$
begin
  perform kernel.refuse('LG400', 'The outcome cannot be kept', p_field, p_found, p_allowed);
end;
$$;
comment on function market.refuse_outcome(text, text, text) is 'LG400 for an outcome report.';

create or replace function market.check_reportable(p_sale leadgen.lead_assignments)
returns void
language plpgsql
stable
as $$
-- What was reported before a return stays in the record; reports count sales that stand.
begin
  if market.has_ended(p_sale) then
    perform kernel.refuse('LG409',
      format('Nothing more can be reported of sale %s: it has ended (%s)', p_sale.id, market.describe_ending(p_sale)),
      'outcome', p_sale.outcome::text, 'a sale that stands');
  elsif (select count(*) >= 100 from leadgen.outcome_reports r where r.assignment_id = p_sale.id) then
    perform kernel.refuse('LG409', format('Nothing more can be reported of sale %s', p_sale.id), 'report',
      '100 reports', 'at most 100 reports of a sale');
  end if;
end;
$$;
comment on function market.check_reportable(leadgen.lead_assignments) is
  'LG409 for a sale that has ended, or of which 100 reports are kept.';

create or replace function market.is_reported(p_report leadgen.outcome_reports, p_names_time boolean)
returns boolean
language plpgsql
stable
as $$
-- Without a time the same words may be news again, once others came in between: contacted, lost, contacted.
begin
  return exists (
    select from leadgen.outcome_reports r
    where r.assignment_id = p_report.assignment_id and r.digest = p_report.digest
      and (p_names_time
        or r.id = (select max(t.id) from leadgen.outcome_reports t where t.assignment_id = p_report.assignment_id)));
end;
$$;
comment on function market.is_reported(leadgen.outcome_reports, boolean) is
  'Whether a buyer has said this before: word for word, and last of all where it names no time.';

create or replace function market.keep_outcome_report(p_report leadgen.outcome_reports)
returns bigint
language plpgsql
volatile
as $$
-- The caller holds the sale, so nobody else sums up.
declare
  v_id bigint;
begin
  insert into leadgen.outcome_reports (
    created_at, market_id, offer_id, buyer_id, lead_id, assignment_id, via, digest, happened_at, stage, value, stars,
    comment
  )
  values (
    p_report.created_at, p_report.market_id, p_report.offer_id, p_report.buyer_id, p_report.lead_id,
    p_report.assignment_id, p_report.via, p_report.digest, p_report.happened_at, p_report.stage, p_report.value,
    p_report.stars, p_report.comment)
  returning id into v_id;
  insert into leadgen.reported_outcomes
  select (market.sum_up_reports(p_report.assignment_id)).*
  on conflict (assignment_id) do update
  set reports = excluded.reports, last_reported_at = excluded.last_reported_at, stage = excluded.stage,
    happened_at = excluded.happened_at, contacted_at = excluded.contacted_at,
    appointment_at = excluded.appointment_at, quoted_at = excluded.quoted_at, won_at = excluded.won_at,
    lost_at = excluded.lost_at, value = excluded.value, stars = excluded.stars;
  return v_id;
end;
$$;
comment on function market.keep_outcome_report(leadgen.outcome_reports) is
  'Appends a report to those of its sale and sums them up again. Returns its id.';

create or replace function market.sum_up_reports(p_assignment_id bigint)
returns leadgen.reported_outcomes
language plpgsql
stable
as $$
-- The latest is what happened last, not what was said last. Of two at one time the later report counts.
declare
  v_sum leadgen.reported_outcomes;
begin
  select
    r.assignment_id, r.market_id, r.offer_id, r.buyer_id, r.lead_id,
    count(*), min(r.created_at), max(r.created_at),
    (array_agg(r.stage order by r.happened_at desc, r.id desc) filter (where r.stage is not null))[1],
    max(r.happened_at) filter (where r.stage is not null),
    min(r.happened_at) filter (where r.stage = 'contacted'),
    min(r.happened_at) filter (where r.stage = 'appointment'),
    min(r.happened_at) filter (where r.stage = 'quoted'),
    min(r.happened_at) filter (where r.stage = 'won'),
    min(r.happened_at) filter (where r.stage = 'lost'),
    (array_agg(r.value order by r.happened_at desc, r.id desc) filter (where r.value is not null))[1],
    (array_agg(r.stars order by r.happened_at desc, r.id desc) filter (where r.stars is not null))[1]
  into v_sum
  from leadgen.outcome_reports r
  where r.assignment_id = p_assignment_id
  group by r.assignment_id, r.market_id, r.offer_id, r.buyer_id, r.lead_id;
  return v_sum;
end;
$$;
comment on function market.sum_up_reports(bigint) is 'What follows from all outcome reports of a sale, in any order.';

create or replace function market.announce_outcome(
  p_sale leadgen.lead_assignments,
  p_report leadgen.outcome_reports,
  p_report_id bigint
)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  select
    p_report.created_at, 'outcome_reported', format('sale %s report %s', p_sale.id, p_report_id),
    p_sale.market_id, p_sale.offer_id, p_sale.buyer_id, p_sale.buyer_offer_id,
    format('%s reports of lead %s: %s', b.name, p_sale.lead_id, concat_ws(', ', p_report.stage,
      p_report.value || ' ' || p_sale.currency,
      p_report.stars || case p_report.stars when 1 then ' star' else ' stars' end,
      case when p_report.comment is not null then 'a comment' end)),
    jsonb_strip_nulls(jsonb_build_object('assignment_id', p_sale.id, 'lead_id', p_sale.lead_id,
      'report_id', p_report_id, 'stage', p_report.stage, 'happened_at', p_report.happened_at, 'value', p_report.value,
      'stars', p_report.stars, 'via', p_report.via))
  from leadgen.buyers b
  where b.id = p_sale.buyer_id
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function market.announce_outcome(leadgen.lead_assignments, leadgen.outcome_reports, bigint) is
  'Tells the operator what a buyer reports of a lead. Not in the buyer''s words.';

create or replace function market.describe_reported(p_assignment_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return coalesce((
    select jsonb_build_object('reported', jsonb_build_object(
      'stage', o.stage, 'happened_at', o.happened_at, 'value', o.value::text, 'stars', o.stars,
      'reports', o.reports, 'reported_at', o.last_reported_at))
    from leadgen.reported_outcomes o
    where o.assignment_id = p_assignment_id
  ), '{}');
end;
$$;
comment on function market.describe_reported(bigint) is
  'What a buyer has reported of a sale so far, as it is told: {"reported": …}; {} for nothing.';
