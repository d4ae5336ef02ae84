-- keep_shares, find_sales_today, edition: shares and fills in a what-if, where weights change in history or in the changes.
begin;
select plan(12);

select is(rehearsal.keep_shares('{0,5,3,9}', '{0,4,2,4}', old_seats, old_weights, seats, weights), expected,
  format('keep_shares: %s', what))
from (values
  ('{2,3}'::integer[], '{1,1}'::numeric[], '{2,3}'::integer[], '{1,1}'::numeric[], '{0,5,3,9}'::float8[], 'the same weights'),
  ('{2,3}', '{1,1}', '{2,3}', '{4,0.5}', '{0,4.25,2,9}', 'a lead ahead of time 4, and a lead behind it, stay one'),
  ('{2,3}', '{1,1}', '{3,4}', '{2,8}', '{0,5,3.5,9}', 'who was no candidate before keeps its tag'),
  (null, null, null, null, '{0,5,3,9}', 'nobody is seated')
) as t (old_seats, old_weights, seats, weights, expected, what);

create function pg_temp.sell(p_offer_id bigint, p_leads integer, p_at timestamptz) returns void language plpgsql as $$
begin
  for i in 1 .. p_leads loop
    perform testkit.sell(p_offer_id, nextval('testkit.numbers')::integer % 5000 + 5000, p_at + i * interval '1 minute');
  end loop;
end;
$$;
create function pg_temp.open(p_strategy text, p_rows jsonb) returns bigint language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', jsonb_build_object('strategy', p_strategy));
begin
  perform testkit.enroll_buyer(v_offer_id, ('{Ace,Best,Cole}'::text[])[n], r)
  from jsonb_array_elements(p_rows) with ordinality as x (r, n);
  return v_offer_id;
end;
$$;
create function pg_temp.rehearse(p_offer_id bigint, p_change jsonb) returns jsonb language sql as $$
-- With this change of every enrollment.
  select leadgen.what_if(p_offer_id, '2026-11-20', '2026-11-22', jsonb_build_object('enrollments', (
    select jsonb_object_agg(bo.id, p_change) from leadgen.buyer_offers bo where bo.offer_id = p_offer_id)));
$$;
-- Weights 1, 2, 5 for 17 leads, then 100, 2, 0.5 for 30.
create temp table shares as select pg_temp.open('weighted', '[{"weight": 1}, {"weight": 2}, {"weight": 5}]') as o;
select pg_temp.sell(o, 17, '2026-11-20T16:00:00Z') from shares;
update leadgen.buyer_offers bo set weight = case bo.weight when 1 then 100 when 5 then 0.5 else 2 end from shares
where bo.offer_id = o;
select pg_temp.sell(o, 30, '2026-11-20T18:00:00Z') from shares;
select is(leadgen.what_if(o, '2026-11-20', '2026-11-22') ->> 'is_identical', 'true',
  'what_if: nothing changed, weights did in history') from shares;
select is(pg_temp.rehearse(o, '{"routing_priority": 3}') ->> 'is_identical', 'true',
  'what_if: turns of its own go on through history''s change of weights') from shares;

-- Everybody's weight a hundred times as great from the first lead on: the same shares, the same buyers.
create temp table scaled as select pg_temp.open('weighted', '[{"weight": 3}, {"weight": 3}, {"weight": 3}]') as o;
select pg_temp.sell(o, 17, '2026-11-19T16:00:00Z'), pg_temp.sell(o, 20, '2026-11-20T16:00:00Z') from scaled;
select is(pg_temp.rehearse(o, '{"weight": 300}') ->> 'is_identical', 'true',
  'what_if: a new scale moves no lead, also in the middle of a round') from scaled;
select is(r #>> '{moved,other_buyer}' <> '0', true, 'what_if: another weight of one does') from scaled,
  lateral (select leadgen.what_if(o, '2026-11-20', '2026-11-22', jsonb_build_object('enrollments', jsonb_build_object(min(bo.id),
    '{"weight": 30}'::jsonb))) as r from leadgen.buyer_offers bo where bo.offer_id = o) x;

-- Least filled: the leads of the day, and those that another strategy would have counted.
create temp table filled as select pg_temp.open('least_filled', '[{"capacity_per_day": 10}, {}, {}]') as o;
select pg_temp.sell(o, 12, '2026-11-20T16:00:00Z') from filled;
select is((select string_agg(format('%s %s', b.name, n), ', ' order by b.name) from (select a.buyer_id, count(*) as n
  from leadgen.lead_assignments a join filled on a.offer_id = o group by 1) x join leadgen.buyers b on b.id = x.buyer_id),
  'Ace 4, Best 4, Cole 4', 'least_filled: one with a limit and two without have the same');
select is(leadgen.what_if(o, '2026-11-20', '2026-11-22') ->> 'is_identical', 'true', 'what_if: least_filled, nothing changed') from filled;
select is(pg_temp.rehearse(o, '{"capacity_per_day": null}') ->> 'is_identical', 'true',
  'what_if: without the limit they take turns as well') from filled;
create temp table turned as select pg_temp.open('round_robin', '[{"capacity_per_day": 10}, {}, {}]') as o;
select pg_temp.sell(o, 12, '2026-11-20T16:00:00Z') from turned;
select is(leadgen.what_if(o, '2026-11-20', '2026-11-22', '{"routing": {"strategy": "least_filled"}}') ->> 'is_identical', 'true',
  'what_if: least_filled where history did not count the day') from turned;

select * from finish();
rollback;
