-- Facade of operators: people, whom no lead may carry and who is struck out.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.find_person(p_kind text, p_value text, p_country_code text default null)
returns table (
  lead_id bigint,
  quarantine_id bigint,
  created_at timestamptz,
  offer text,
  source text,
  summary text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.find_person(p_kind, p_value, p_country_code);
end;
$$;
comment on function leadgen.find_person(text, text, text) is
  'What there is to erase of a person, oldest first: the leads of a contact (kind phone or email; a phone without + is '
  'read as it is dialled in the country given) or one lead by its id (kind lead), and what quarantine keeps of the '
  'same contact. LG400 for a contact that no lead can carry, LG404 for no such lead.';

create or replace function leadgen.erase_lead(p_lead_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.erase_lead(p_lead_id, p_reason);
end;
$$;
comment on function leadgen.erase_lead(bigint, text) is
  'Strikes out everything that says who a lead was: its fields, what was sent, replies, notes, traces, quarantined '
  'copies; nothing more of it is sent or sold. Sales, prices and decisions stand. False when that was done before, '
  'LG404 when there is no such lead. The reason is kept: no names in it.';

create or replace function leadgen.erase_submission(p_quarantine_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.erase_submission(p_quarantine_id, p_reason);
end;
$$;
comment on function leadgen.erase_submission(bigint, text) is
  'Empties a submission in quarantine, for a person who has no lead: it is not resubmitted any more. False when '
  'nothing was left of it, LG404 when there is no such submission. The reason is kept: no names in it.';

create or replace function leadgen.suppress(
  p_kind text,
  p_value text,
  p_reason text default null,
  p_expires_at timestamptz default null,
  p_country_code text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform privacy.suppress(p_kind, p_value, p_reason, p_expires_at, p_country_code);
end;
$$;
comment on function leadgen.suppress(text, text, text, timestamptz, text) is
  'Refuses every lead from now on that carries a contact: kind phone, email or email_domain; until a time if given. '
  'Again: the reason and the time are replaced. A phone without + is read as it is dialled in the country given.';

create or replace function leadgen.unsuppress(p_kind text, p_value text, p_country_code text default null)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return privacy.unsuppress(p_kind, p_value, p_country_code);
end;
$$;
comment on function leadgen.unsuppress(text, text, text) is
  'Lets leads carry a contact again; false when it was not suppressed.';
