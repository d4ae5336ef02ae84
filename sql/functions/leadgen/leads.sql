-- Facade of operators: leads looked for, sold by hand, and what a buyer lacked for one.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.find_leads(p_text text, p_limit integer default 20, p_hash_key text default null)
returns table (
  lead_id bigint,
  quarantine_id bigint,
  created_at timestamptz,
  offer text,
  source text,
  status text,
  matched text,
  summary text,
  deliveries text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.find_leads(p_text, p_limit, p_hash_key);
end;
$$;
comment on function leadgen.find_leads(text, integer, text) is
  'The leads and quarantined submissions that have a text as their lead id, phone, e-mail, idempotency key or '
  'external_id, newest first: which of these it was (matched), what became of them, and their deliveries. If no lead '
  'has it, leads with an attribute of that value are found, which reads all leads. Phone and e-mail are read as the '
  'intake reads them; a key may lack the prefix of its field map. In quarantine all submissions are found by phone and '
  'e-mail, and the latest 5,000 by anything else. status: sold, held (unsold, it waits for a buyer), unsold, '
  'delivered, accepted, rejected, quarantined. p_hash_key: the digest key in hex, by which sealed leads and '
  'submissions are found by phone and e-mail. LG400 for no text.';

create or replace function leadgen.sell_lead(
  p_lead_id bigint,
  p_buyer_id bigint,
  p_reason text,
  p_opened jsonb default null
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
  return roads.sell_lead(p_lead_id, p_buyer_id, p_reason, p_opened);
end;
$$;
comment on function leadgen.sell_lead(bigint, bigint, text, jsonb) is
  'Sells a lead by hand to a buyer who is enrolled in its offer, at the price of the offer''s policies; the buyer '
  'passes every check as ever, and the decision keeps who chose it and why. Answers {assignment_id, buyer, price, '
  'currency, is_new}; is_new false: it had the lead already. p_opened: {"contact": [name, e-mail, phone, extension, '
  'message]} of a sealed lead. LG400 without a reason, LG404, LG409 for what may not be sold.';

create or replace function leadgen.route_again(p_lead_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.route_again(p_lead_id);
end;
$$;
comment on function leadgen.route_again(bigint) is
  'Has a lead offered to buyers again now, by today''s policies: one that is held, or one that has room for a buyer '
  'and is held no more. False: it is due already. LG404, LG409 for a lead that may not be sold.';

create or replace function leadgen.explain_miss(p_lead_id bigint, p_buyer_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return rehearsal.explain_miss(p_lead_id, p_buyer_id);
end;
$$;
comment on function leadgen.explain_miss(bigint, bigint) is
  'What would have to change for a buyer to get a lead, by the decision about it: {buyer, attempt, outcome, price, '
  'changes: [{code, found, change, clears_at, is_possible}], is_possible}. outcome: missed, won, not_enrolled, '
  'not_decided. LG404.';
