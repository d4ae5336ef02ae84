-- Facade of operators: leads looked for.
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
