-- A rehearsal by its parts: a plan with changed enrollments, and one recorded decision played under it.
create or replace function testkit.rehearsal_seat(p_id bigint, p_fields jsonb default '{}')
returns rehearsal.seat
language sql
as $$
  select rehearsal.change_seat(rehearsal.make_seat(p_id, 100 + p_id), p_fields, 45, format('changes.enrollments.%s', p_id));
$$;
comment on function testkit.rehearsal_seat(bigint, jsonb) is
  'The seat of an enrollment at 45.00 and of buyer 100 + id, with these changes.';

create or replace function testkit.rehearsal_plan(p_changes jsonb, variadic p_seats rehearsal.seat[])
returns rehearsal.plan
language plpgsql
as $$
declare
  v_plan rehearsal.plan;
begin
  v_plan.timezone := 'America/Chicago';
  v_plan.currency := 'USD';
  v_plan.country_code := 'US';
  v_plan.routing := p_changes -> 'routing';
  v_plan.pricing := p_changes -> 'pricing';
  v_plan.seats := rehearsal.make_seat(0, null) || p_seats;
  v_plan.ids := array(select s.buyer_offer_id from unnest(v_plan.seats) s);
  return v_plan;
end;
$$;
comment on function testkit.rehearsal_plan(jsonb, rehearsal.seat[]) is
  'The plan of a rehearsal in Austin with a seat for the offer and these.';

create or replace function testkit.rehearse(
  p_plan rehearsal.plan,
  p_candidates market.candidate_v1[],
  p_change jsonb default '{}',
  p_load jsonb default null,
  p_config jsonb default '{}'
)
returns rehearsal.play
language plpgsql
as $$
declare
  v_play rehearsal.play := rehearsal.turn_clock(rehearsal.start_play(p_plan, '2026-11-20T16:30:00Z'), '2026-11-20T16:30:00Z');
  v_decision leadgen.lead_decisions;
begin
  v_decision.format := 1;
  v_play.policies.settings := testkit.settings(p_config);
  v_play.policy := testkit.settings(p_config);
  v_play.seen := testkit.snapshot(p_candidates, testkit.load(p_load), '2026-11-20T16:30:00Z');
  v_play := jsonb_populate_record(v_play, p_change);
  v_play := rehearsal.take_terms(p_plan, v_play, v_decision);
  v_play.terms := rehearsal.price_terms(v_play.terms, v_play.seen);
  v_play := rehearsal.lay_over_snapshot(p_plan, v_play, testkit.facts(), '{"attributes": {"age": 5}}');
  v_play.decision := kernel.decide(v_play.snapshot, v_play.policy);
  v_play.outcome := rehearsal.read_outcome(v_play.snapshot, v_play.decision);
  return v_play;
end;
$$;
comment on function testkit.rehearse(rehearsal.plan, market.candidate_v1[], jsonb, jsonb, jsonb) is
  'Plays one recorded decision about these candidates again, on 2026-11-20 at 16:30 UTC; p_change replaces fields of the play.';

create or replace function testkit.rehearsed(p_config jsonb, variadic p_fields jsonb[])
returns rehearsal.play
language sql
as $$
  select testkit.rehearse(testkit.rehearsal_plan('{}', testkit.rehearsal_seat(1), testkit.rehearsal_seat(2)),
    testkit.candidates(variadic p_fields), '{}', null, p_config);
$$;
comment on function testkit.rehearsed(jsonb, jsonb[]) is 'What these candidates would have come to under a routing config.';
