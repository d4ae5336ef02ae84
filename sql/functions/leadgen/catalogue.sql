-- Facade of DBAs: the catalogue looked over, enrollments paused, terms and prices of the past.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_configuration_faults()
returns table (subject text, fault text, remedy text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from catalog.list_configuration_faults();
end;
$$;
comment on function leadgen.list_configuration_faults() is
  'What is configured and cannot work, one row each, with what to do: an active offer without a source or a buyer who '
  'can take its leads, an enrollment without area or channel, a cap of 0, a balance below its minimum, an exclusivity '
  'of an inactive buyer. No rows: all can work. What is switched off is no fault.';

create or replace function leadgen.pause_enrollment(
  p_enrollment_id bigint,
  p_from text default null,
  p_until text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform catalog.pause_by_its_clock(p_enrollment_id, p_from, p_until);
end;
$$;
comment on function leadgen.pause_enrollment(bigint, text, text) is
  'Pauses an enrollment from a time on (null: now) until another (null: until somebody resumes it), in the place of '
  'the pause that it had. A time without an offset is by the clock of the enrollment''s zone, else of its market; a '
  'date is its midnight. LG400 for an end that has passed or is not after the beginning, and for a time that the '
  'clock shows twice or skips; LG404 when there is no such enrollment.';

create or replace function leadgen.pause_enrollment(
  p_enrollment_id bigint,
  p_from timestamptz,
  p_until timestamptz
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform catalog.pause_enrollment(p_enrollment_id, p_from, p_until);
end;
$$;
comment on function leadgen.pause_enrollment(bigint, timestamptz, timestamptz) is
  'The same for times that are given as timestamptz. A literal is text, and read by the enrollment''s clock.';

create or replace function leadgen.resume_enrollment(p_enrollment_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.resume_enrollment(p_enrollment_id);
end;
$$;
comment on function leadgen.resume_enrollment(bigint) is
  'Ends the pause of an enrollment, or takes back one that was planned; false when it had none. LG404 when there is '
  'no such enrollment.';

create or replace function leadgen.enrollment_history(p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from catalog.enrollment_history(p_id);
end;
$$;
comment on function leadgen.enrollment_history(bigint) is
  'The versions of an enrollment''s terms (price, limits, hours, filters, pause), newest first: when, by whom, and '
  'what changed, one line a column.';

create or replace function leadgen.roll_back_enrollment(p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.roll_back_enrollment(p_id, p_version);
end;
$$;
comment on function leadgen.roll_back_enrollment(bigint, integer) is
  'Gives an enrollment the terms of an old version again, whether it is active and its pause included; that is a new '
  'version, checked like any other, and its number is returned. LG404 for none, LG409 when nothing differs.';

create or replace function leadgen.offer_history(p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from catalog.offer_history(p_id);
end;
$$;
comment on function leadgen.offer_history(bigint) is
  'The versions of an offer (its price, its policies, whether it is active), newest first: when, by whom, and what '
  'changed, one line a column.';

create or replace function leadgen.roll_back_offer(p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.roll_back_offer(p_id, p_version);
end;
$$;
comment on function leadgen.roll_back_offer(bigint, integer) is
  'Gives an offer the price and the policies of an old version again, and whether it was active; that is a new '
  'version, and its number is returned. LG404 for none, LG409 when nothing differs.';
