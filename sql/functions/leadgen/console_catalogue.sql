-- Facade of the console's catalogue: buyers, enrollments, offers and sources shown and edited, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_buyers_for(
  p_token_hash text,
  p_text text default null,
  p_after bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_buyers_for(p_token_hash, p_text, p_after);
end;
$$;
comment on function leadgen.list_buyers_for(text, text, bigint) is
  'Buyers by name, all or those that a text finds, 50 a page: money, limits used, endpoints; by a user who may '
  'read. LG401, LG403.';

create or replace function leadgen.show_buyer_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_buyer_for(p_token_hash, p_id);
end;
$$;
comment on function leadgen.show_buyer_for(text, bigint) is
  'A buyer with money, enrollments, endpoints, keys, and its form for who may configure. LG401, LG403, LG404.';

create or replace function leadgen.show_enrollment_for(
  p_token_hash text,
  p_id bigint,
  p_areas text default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_enrollment_for(p_token_hash, p_id, p_areas);
end;
$$;
comment on function leadgen.show_enrollment_for(text, bigint, text) is
  'An enrollment: terms, limits, hours, areas with their places, exclusivities; with p_areas what saving that list '
  'would change. LG400, LG401, LG403, LG404.';

create or replace function leadgen.list_offers_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_offers_for(p_token_hash);
end;
$$;
comment on function leadgen.list_offers_for(text) is
  'Offers by name, and all that is configured and cannot work. LG401, LG403.';

create or replace function leadgen.show_offer_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_offer_for(p_token_hash, p_id);
end;
$$;
comment on function leadgen.show_offer_for(text, bigint) is
  'An offer with policies, sources, caps, ranked buyers, faults, and its form for who may configure. LG401, LG403, '
  'LG404.';

create or replace function leadgen.list_sources_for(p_token_hash text, p_after bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_sources_for(p_token_hash, p_after);
end;
$$;
comment on function leadgen.list_sources_for(text, bigint) is
  'Sources by name, 50 a page. LG401, LG403.';

create or replace function leadgen.show_source_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_source_for(p_token_hash, p_id);
end;
$$;
comment on function leadgen.show_source_for(text, bigint) is
  'A source with keys, field map, cost, what its leads came to, and its form for who may configure. LG401, LG403, '
  'LG404.';

create or replace function leadgen.show_new_form_for(p_token_hash text, p_form text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_new_form_for(p_token_hash, p_form);
end;
$$;
comment on function leadgen.show_new_form_for(text, text) is
  'The form of a new buyer, enrollment, offer or source: fields as the table declares them. LG400, LG401, LG403.';

create or replace function leadgen.add_row_for(
  p_token_hash text,
  p_form text,
  p_fields jsonb,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.add_row_for(p_token_hash, p_form, p_fields, p_reason);
end;
$$;
comment on function leadgen.add_row_for(text, text, jsonb, text) is
  'Adds a buyer, enrollment, offer or source from a form, {column: text}, by a user who may configure, with a '
  'reason; its id. LG400, LG401, LG403, LG409, LG423.';

create or replace function leadgen.save_row_for(
  p_token_hash text,
  p_form text,
  p_id bigint,
  p_fields jsonb,
  p_stamp text,
  p_reason text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.save_row_for(p_token_hash, p_form, p_id, p_fields, p_stamp, p_reason);
end;
$$;
comment on function leadgen.save_row_for(text, text, bigint, jsonb, text, text) is
  'Saves the form of a row, by a user who may configure, with a reason, if the row is still as the form showed it; '
  'false when nothing differs. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.save_hours_for(
  p_token_hash text,
  p_enrollment_id bigint,
  p_hours text,
  p_stamp text,
  p_reason text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.save_hours_for(p_token_hash, p_enrollment_id, p_hours, p_stamp, p_reason);
end;
$$;
comment on function leadgen.save_hours_for(text, bigint, text, text, text) is
  'Gives an enrollment its hours of the week: 168 characters from Monday 00:00, 0 closed, 1 open, 2 as much as was '
  'open. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.save_areas_for(
  p_token_hash text,
  p_enrollment_id bigint,
  p_areas text,
  p_stamp text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.save_areas_for(p_token_hash, p_enrollment_id, p_areas, p_stamp, p_reason);
end;
$$;
comment on function leadgen.save_areas_for(text, bigint, text, text, text) is
  'Makes a list the areas of an enrollment''s buyer in its market; what that changed. LG400, LG401, LG403, LG404, '
  'LG409, LG423.';

create or replace function leadgen.pause_buyer_for(
  p_token_hash text,
  p_buyer_id bigint,
  p_enrollment_id bigint,
  p_from text,
  p_until text,
  p_reason text
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.pause_buyer_for(p_token_hash, p_buyer_id, p_enrollment_id, p_from, p_until, p_reason);
end;
$$;
comment on function leadgen.pause_buyer_for(text, bigint, bigint, text, text, text) is
  'leadgen.pause_enrollment of one enrollment of a buyer, or of all in use (null), by the clock of each; how many. '
  'LG400, LG401, LG403, LG404.';

create or replace function leadgen.resume_buyer_for(
  p_token_hash text,
  p_buyer_id bigint,
  p_enrollment_id bigint,
  p_reason text
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.resume_buyer_for(p_token_hash, p_buyer_id, p_enrollment_id, p_reason);
end;
$$;
comment on function leadgen.resume_buyer_for(text, bigint, bigint, text) is
  'Ends the pause, or takes back a planned one, of one enrollment of a buyer or of all in use (null); how many had '
  'one. LG400, LG401, LG403, LG404.';
