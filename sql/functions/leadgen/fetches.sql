-- Facade of workers that fetch leads from their networks.

create or replace function leadgen.claim_fetches(p_limit integer)
returns table (id bigint, attempt integer, lead_id text, access_token text, proof text, sealed bytea)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  return query select * from intake.claim_fetches(p_limit);
end;
$$;
comment on function leadgen.claim_fetches(integer) is
  'Leads that are to be fetched from their network now, with what they are asked for by; each is handed out again '
  'after a minute unless leadgen.record_fetch says what became of it. lead_id null: there is nothing to ask for; '
  'access_token null: the source has none; sealed: what the post says, sealed. None in a copy.';

create or replace function leadgen.record_fetch(
  p_id bigint,
  p_attempt integer,
  p_fetched jsonb,
  p_fault jsonb default null,
  p_can_look_up_mail boolean default false,
  p_sealing jsonb default null
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
  return roads.record_fetch(p_id, p_attempt, p_fetched, p_fault, p_can_look_up_mail, p_sealing);
end;
$$;
comment on function leadgen.record_fetch(bigint, integer, jsonb, jsonb, boolean, jsonb) is
  'Submits a lead as its network gave it, and answers as submit_lead, or status test. p_fault {code, cause, '
  'is_permanent, is_transient}: why it was not fetched; status waiting. Status gone: the attempt is not the latest any '
  'more. Status lookup: look the mail domain up, then record the same again. p_sealing: the digest key and sealed '
  'texts, as in a context of submit_lead, and the post''s lead, if it was handed out sealed.';
