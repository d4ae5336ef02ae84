-- Facade of operators, DBAs and analysts: policies, leads, what became of them and what could have.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.policy_history(p_kind text, p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from catalog.policy_history(p_kind, p_id);
end;
$$;
comment on function leadgen.policy_history(text, bigint) is
  'The versions of a policy (kind validation, routing, pricing or payout), newest first: when, by whom, and what '
  'changed, one line a path.';

create or replace function leadgen.roll_back_policy(p_kind text, p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.roll_back_policy(p_kind, p_id, p_version);
end;
$$;
comment on function leadgen.roll_back_policy(text, bigint, integer) is
  'Gives a policy the body of an old version of it again; that is a new version, checked like any other (LG423), and '
  'its number is returned.';

create or replace function leadgen.try_field_map(p_slug text, p_document jsonb)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query select * from roads.try_field_map(p_slug, p_document);
end;
$$;
comment on function leadgen.try_field_map(text, jsonb) is
  'What a field map makes of a sample document: one payload of submit_lead for each lead in it. LG404 for a map that '
  'is not there.';

create or replace function leadgen.resubmit_quarantined(p_quarantine_id bigint, p_opened jsonb default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return roads.resubmit_quarantined(p_quarantine_id, p_opened);
end;
$$;
comment on function leadgen.resubmit_quarantined(bigint, jsonb) is
  'Submits a quarantined submission again, once its mapping is mended. Returns the lead''s answer, or that of the '
  'same submission if it was taken since; still quarantined when nothing claims it yet. p_opened: document, what a '
  'sealed submission says, and sealing, as in a context of submit_lead. LG409 for a sealed one without it.';

create or replace function leadgen.explain_lead(p_lead_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.explain_lead(p_lead_id);
end;
$$;
comment on function leadgen.explain_lead(bigint) is
  'A person''s account of a lead as JSON: what it was judged to be, every candidate of every routing attempt with its'
  ' reason and numbers, the sales and their deliveries. LG404 when there is none.';

create or replace function leadgen.explain_candidates(p_lead_id bigint)
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
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.explain_candidates(p_lead_id);
end;
$$;
comment on function leadgen.explain_candidates(bigint) is
  'A lead''s routing as rows: for each attempt every candidate, who won, who was ranked behind, and why each other '
  'lost, with numbers.';

create or replace function leadgen.list_broken_invariants()
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.list_broken_invariants();
end;
$$;
comment on function leadgen.list_broken_invariants() is
  'Checks the whole database: each row is something that must not be. No rows: all is well. Reads every lead.';

create or replace function leadgen.decide_return(p_return_id bigint, p_approve boolean, p_note text default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.decide_return(p_return_id, p_approve, p_note);
end;
$$;
comment on function leadgen.decide_return(bigint, boolean, text) is
  'The operator approves a return that a buyer asked for, or lets the sale stand. Decided the same way again, the '
  'same answer; LG409 the other way, or when the sale ended otherwise, LG404 when there is no such return.';

create or replace function leadgen.replay_lead(p_lead_id bigint, p_contact jsonb default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.replay_lead(p_lead_id, p_contact);
end;
$$;
comment on function leadgen.replay_lead(bigint, jsonb) is
  'Recomputes a lead''s validation, judging, ranking and prices from the record: {"identical": true}, or false with '
  'each difference (what, recorded, replayed). p_contact: a sealed lead''s contact, opened; without it its validation '
  'is left out. LG404 when there is no such lead.';

create or replace function leadgen.verify_leads(
  p_after_id bigint,
  p_limit integer,
  p_opened jsonb default '{}',
  out last_id bigint,
  out checked integer,
  out faults jsonb
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select r.* into last_id, checked, faults from roads.verify_leads(p_after_id, p_limit, p_opened) r;
end;
$$;
comment on function leadgen.verify_leads(bigint, integer, jsonb) is
  'Replays the next leads after an id: the last id it looked at (null: there are no more), how many, and those that '
  'do not come out the same. p_opened: the contacts of sealed leads by their ids; of one that is not there the '
  'validation is left out.';

create or replace function leadgen.dry_run_lead(
  payload jsonb,
  context jsonb default '{}',
  p_as_new boolean default false
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return roads.dry_run_lead(payload, context, p_as_new);
end;
$$;
comment on function leadgen.dry_run_lead(jsonb, jsonb, boolean) is
  'What submit_lead would answer at this moment, with the account of the decision, and nothing kept: no lead, no '
  'sale, no delivery, no place taken. As new: as though no lead of this key, phone or e-mail had come before. Raises '
  'what submit_lead raises.';

create or replace function leadgen.what_if(
  p_offer_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_changes jsonb default '{}',
  p_opened jsonb default '{}'
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return rehearsal.what_if(p_offer_id, p_from, p_to, p_changes, p_opened);
end;
$$;
comment on function leadgen.what_if(bigint, timestamptz, timestamptz, jsonb, jsonb) is
  'An offer''s leads of a period under changes (validation, routing, pricing, payout: keys laid over the policies; '
  'default_price_per_lead; enrollments: {id: {column: value}}; without: [buyer_id]; with: [{buyer_id, …}]) against '
  'what happened. p_opened: the contacts of sealed leads by their ids. Writes nothing. LG423 names what is wrong with '
  'the changes; LG409: validation is changed, and sealed leads were not opened.';

create or replace function leadgen.explain_unsold(p_offer_id bigint, p_from timestamptz, p_to timestamptz)
returns table (
  cause text,
  leads bigint,
  places bigint,
  money_lost numeric,
  held bigint,
  money_held numeric,
  nearest_buyer text,
  detail text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.explain_unsold(p_offer_id, p_from, p_to);
end;
$$;
comment on function leadgen.explain_unsold(bigint, timestamptz, timestamptz) is
  'Why an offer''s valid leads of a period have no buyer: by cause how many are lost, in how many places each could '
  'have been sold, and the money that those whom this check turned away would have paid. held, money_held: the same '
  'of leads that still wait for a buyer, which are no loss yet. Who came nearest most often, and the latest case '
  'with its numbers.';

create or replace function leadgen.keep_report_zone(p_zone text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return rollups.keep_zone(p_zone);
end;
$$;
comment on function leadgen.keep_report_zone(text) is
  'From now on workers keep the days of all markets in this zone, too, so that reports in it are as fast as in the '
  'markets'' own. Returns for how many markets it was new; LG400 for no zone.';

create or replace function leadgen.rebuild_reports()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform rollups.rebuild();
end;
$$;
comment on function leadgen.rebuild_reports() is
  'Workers add up all days for reports anew, one at a time. Until they have, views read the leads and sales.';
