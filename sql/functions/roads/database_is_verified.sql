-- Road: the whole database is looked over.

create or replace function roads.list_broken_invariants()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- What must hold over the whole database at every moment. Each part looks for the contrary.
begin
  return query
  select * from market.list_broken_limits() -- no limit was ever exceeded
  union all select * from market.list_broken_recorded_counts() -- decisions counted what had been sold
  union all select * from market.list_broken_counts() -- counters say what the sales say
  union all select * from roads.list_differing_replays() -- what was decided follows from what was known
  union all select * from market.list_broken_decisions() -- winners and sales
  union all select * from market.list_broken_leads() -- sold, or says why not
  union all select * from market.list_broken_sales() -- states and times
  union all select * from market.list_broken_returns()
  union all select * from billing.list_broken_books() -- the ledger says what was sold, paid and billed
  union all select * from outbox.list_broken_deliveries()
  union all select * from privacy.list_broken_erasures()
  union all select * from rollups.list_broken_days() -- what is kept for reports is what the rows say
  union all select * from auditing.list_broken_audit(); -- entries are what was sealed
end;
$$;
comment on function roads.list_broken_invariants() is 'The work of leadgen.list_broken_invariants.';

create or replace function roads.list_differing_replays()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
  return query
  select 'decision_replays', format('lead %s, attempt %s: %s', d.lead_id, d.attempt, replay.faults)
  from leadgen.lead_decisions d
  cross join lateral rehearsal.replay_decision(d) replay (faults)
  where replay.faults <> '[]';
end;
$$;
comment on function roads.list_differing_replays() is 'Decisions that do not come out the same when they are replayed.';

create or replace function roads.verify_leads(
  p_after_id bigint,
  p_limit integer,
  p_opened jsonb,
  out last_id bigint,
  out checked integer,
  out faults jsonb
)
language plpgsql
stable
as $$
begin
  select r.last_id, r.checked, r.faults into last_id, checked, faults
  from rehearsal.replay_leads(p_after_id, p_limit, p_opened) r;
end;
$$;
comment on function roads.verify_leads(bigint, integer, jsonb) is 'The work of leadgen.verify_leads.';
