-- Limits: one that nobody counts is full, and the words and ranks are those of any counted window.
begin;
select plan(15);

create function pg_temp.snapshot(p_owner integer, p_window text, p_is_money boolean, p_cap numeric, p_used numeric)
returns kernel.snapshot language plpgsql as $$
-- Two candidates at 45.00; one limit.
declare
  v_snapshot kernel.snapshot := testkit.snapshot(testkit.candidates('{}', '{}'));
begin
  v_snapshot.limit_owners := array[p_owner];
  v_snapshot.limit_codes := array[format('cap_%s', p_window)];
  v_snapshot.limit_windows := array[p_window];
  v_snapshot.limit_is_money := array[p_is_money];
  v_snapshot.limit_caps := array[p_cap];
  v_snapshot.limit_uses := array[p_used];
  return v_snapshot;
end;
$$;
select is((kernel.decide(pg_temp.snapshot(owner, 'ever', is_money, 1000, used), testkit.settings('{"max_buyers": 2}'))).winners, winners,
  format('%s: %s of 1000 used, money %s', case owner when 0 then 'the offer' else 'a candidate' end,
    coalesce(used::text, 'nobody knows how much'), is_money))
from (values
  (1, false, 999, '{1,2}'::integer[]), (1, false, 1000, '{2}'), (1, false, null, '{2}'),
  (1, true, 955, '{1,2}'), (1, true, 956, '{2}'), (1, true, null, '{2}'),
  (0, false, 998, '{1,2}'), (0, false, null, '{}'), (0, true, 910, '{1,2}'), (0, true, null, '{}')) as t (owner, is_money, used, winners);
select is((kernel.describe_reasons(pg_temp.snapshot(1, 'ever', false, 3, null), '{cap_ever,null}'))[1],
  'cap_ever: uncounted of 3, resets never',
  'describe_reasons: an unknown use');
select is(kernel.find_limit_end(pg_temp.snapshot(1, 'minutes:15', false, 3, 3), 1, 'cap_minutes:15'), '2026-11-20T16:15:00Z'::timestamptz,
  'find_limit_end: of any window');

-- rank_reason: the order of the lists, and whatever limits there are.
select is(array_agg(kernel.rank_reason(format('%s%s', scope, code)) - kernel.rank_reason(format('%scap_none', scope))), '{1,2,3,4,5,6}',
  format('rank_reason: caps before budgets, short windows before long ones: %s', scope))
from unnest(array['', 'offer_']) scope, unnest(catalog.list_limit_codes()) code
group by scope;
create or replace function catalog.list_limit_codes() returns text[] language sql immutable as $$ select '{cap_ever,cap_hour}'::text[] $$;
select catalog.compile_kernel();
select is(kernel.rank_reason('cap_ever') - kernel.rank_reason('cap_none'), 1, 'rank_reason: the limits of the list, no fixed ones');

select * from finish();
rollback;
