-- Facade of the console: what its pages show, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.show_today(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_today_for(p_token_hash);
end;
$$;
comment on function leadgen.show_today(text) is
  'The day so far beside a week ago, what needs a hand, and the latest events, for the user of a session that may '
  'read the console. LG401, LG403.';

create or replace function leadgen.browse_leads(
  p_token_hash text,
  p_status text default null,
  p_offer_id bigint default null,
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.browse_leads(p_token_hash, p_status, p_offer_id, p_before);
end;
$$;
comment on function leadgen.browse_leads(text, text, bigint, bigint) is
  'The latest leads before one, of a state or an offer, 50 a page, without contacts; next goes on. 5,000 leads are '
  'looked at. LG400, LG401, LG403.';

create or replace function leadgen.search_leads(p_token_hash text, p_text text, p_hash_key text default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.search_leads(p_token_hash, p_text, p_hash_key);
end;
$$;
comment on function leadgen.search_leads(text, text, text) is
  'leadgen.find_leads by the user of a session: by id, phone, e-mail, key, external_id or attribute. p_hash_key: '
  'the digest key, by which sealed leads are found. LG400, LG401, LG403.';

create or replace function leadgen.show_lead(p_token_hash text, p_lead_id bigint, p_buyer_id bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_lead(p_token_hash, p_lead_id, p_buyer_id);
end;
$$;
comment on function leadgen.show_lead(text, bigint, bigint) is
  'All that is known of a lead but its contact: the account of leadgen.explain_lead, attempts to deliver, returns, '
  'bookings, who is enrolled in its offer; with a buyer what would have to change for it to get the lead. LG401, '
  'LG403, LG404.';

create or replace function leadgen.list_quarantine_for(p_token_hash text, p_before bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_quarantine_for(p_token_hash, p_before);
end;
$$;
comment on function leadgen.list_quarantine_for(text, bigint) is
  'Submissions that wait in quarantine, the latest first, 50 a page; nothing of what was sent. LG401, LG403.';

create or replace function leadgen.list_held_for(p_token_hash text, p_after bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_held_for(p_token_hash, p_after);
end;
$$;
comment on function leadgen.list_held_for(text, bigint) is
  'Held leads, by when they are offered next, 50 a page. LG401, LG403.';

create or replace function leadgen.list_returns_for(
  p_token_hash text,
  p_status text default 'requested',
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_returns_for(p_token_hash, p_status, p_before);
end;
$$;
comment on function leadgen.list_returns_for(text, text, bigint) is
  'Returns in a state, the latest first, 50 a page, with their evidence. LG400, LG401, LG403.';

create or replace function leadgen.list_deliveries_for(
  p_token_hash text,
  p_status text default 'dead',
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_deliveries_for(p_token_hash, p_status, p_before);
end;
$$;
comment on function leadgen.list_deliveries_for(text, text, bigint) is
  'Deliveries that are dead, unknown, parked or sent, the latest first, 50 a page. LG400, LG401, LG403.';

create or replace function leadgen.list_endpoints_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_endpoints_for(p_token_hash);
end;
$$;
comment on function leadgen.list_endpoints_for(text) is
  'Endpoints with their health, those that do badly first, 500 at most; addresses are masked. LG401, LG403.';

create or replace function leadgen.list_events_for(
  p_token_hash text,
  p_kind text default null,
  p_before bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_events_for(p_token_hash, p_kind, p_before);
end;
$$;
comment on function leadgen.list_events_for(text, text, bigint) is
  'Events, the latest first, 50 a page; of one kind among the latest 5,000. LG401, LG403.';
