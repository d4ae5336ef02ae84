-- Rollups: days that are over, added up once. They follow from the rows and can be made anew at any time.
--
--   a lead, a sale, a booking or a delivery comes or
--   changes 50 minutes after its time                   trigger ─► report_marks: its offer and its time
--   views                                               kept days, and the rows of days that are marked or not kept yet
--   the chore roll_up                                   closes hours, adds marked days up anew, then the next day
--
-- What changes within 50 minutes is not marked, so that the road of a lead writes nothing for reports. It must have
-- been committed when its day is added up: close_hours waits for it.

create or replace function rollups.mark_row()
returns trigger
language plpgsql
volatile
as $$
begin
  insert into leadgen.report_marks (offer_id, happened_at) values (new.offer_id, new.created_at);
  return null;
end;
$$;
comment on function rollups.mark_row() is 'A lead came late, or changed late: marks its time.';

create or replace function rollups.mark_sale()
returns trigger
language plpgsql
volatile
as $$
-- The lead may have come on an earlier day than it was sold.
begin
  insert into leadgen.report_marks (offer_id, happened_at)
  select new.offer_id, t.happened_at
  from leadgen.leads l
  cross join lateral unnest(array[l.created_at, new.created_at]) as t (happened_at)
  where l.id = new.lead_id;
  return null;
end;
$$;
comment on function rollups.mark_sale() is 'A sale changed late: marks its time and that of its lead.';

create or replace function rollups.mark_attempt()
returns trigger
language plpgsql
volatile
as $$
-- A sale of now: what becomes of it within the hour is not marked, so the mark stays until the hour is closed. Without
-- one, the attempt may still have judged otherwise than the one before.
begin
  if new.winners <> '{}' then
    insert into leadgen.report_marks (offer_id, happened_at, due_at)
    select new.offer_id, l.created_at, clock_timestamp()
    from leadgen.leads l
    where l.id = new.lead_id;
  else
    insert into leadgen.report_marks (offer_id, happened_at)
    select new.offer_id, l.created_at
    from leadgen.leads l
    join leadgen.lead_decisions d on d.lead_id = l.id and d.attempt = new.attempt - 1
    where l.id = new.lead_id and l.created_at < clock_timestamp() - interval '50 minutes'
      and (d.enrollments, d.reasons, d.prices, d.max_buyers)
      is distinct from (new.enrollments, new.reasons, new.prices, new.max_buyers);
  end if;
  return null;
end;
$$;
comment on function rollups.mark_attempt() is
  'A lead was routed again: marks its time if it was sold, until the hour of the sale is closed, or judged otherwise.';

create or replace function rollups.mark_late_booking()
returns trigger
language plpgsql
volatile
as $$
begin
  insert into leadgen.report_marks (offer_id, happened_at) values (new.offer_id, new.booked_at);
  return null;
end;
$$;
comment on function rollups.mark_late_booking() is 'Something was booked on an earlier time: marks it.';

create or replace function rollups.mark_delivery()
returns trigger
language plpgsql
volatile
as $$
begin
  insert into leadgen.report_marks (offer_id, happened_at)
  select a.offer_id, a.created_at
  from leadgen.lead_assignments a
  where a.id = new.assignment_id;
  return null;
end;
$$;
comment on function rollups.mark_delivery() is 'A delivery ended late, or began anew: marks the time of its sale.';

create or replace function rollups.mark_booking()
returns trigger
language plpgsql
volatile
as $$
begin
  insert into leadgen.report_marks (offer_id, happened_at)
  select a.offer_id, t.happened_at
  from leadgen.lead_assignments a
  join leadgen.leads l on l.id = a.lead_id
  cross join lateral unnest(array[l.created_at, a.created_at]) as t (happened_at)
  where a.id = new.assignment_id;
  return null;
end;
$$;
comment on function rollups.mark_booking() is
  'A part of a price or of a cost was given back: marks the times of the sale and of its lead.';
