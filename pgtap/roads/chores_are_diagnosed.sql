-- What chores have left undone: each chore is told of, or it is said here why it cannot be.
begin;
select plan(10);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.open_offer('{}', 'Ace') as offer_id;
create function pg_temp.left_undone(p_chore text) returns bigint language sql as $$
  select n.waiting from roads.list_neglected(leadgen.clock()) n where n.chore = p_chore
$$;

-- Their rows do not say since when something is due: follow_billing, settle_payments, start_recharge, end_vain_replacement,
-- warn_of_money, announce_limits. They only tidy up, and what they leave harms nobody: the others.
select set_eq('select c.name from leadgen.chores c where c.name not in (select n.chore from roads.list_neglected(leadgen.clock()) n)',
  '{announce_limits,end_vain_replacement,follow_billing,forget_buckets,forget_old,settle_payments,start_recharge,sweep_suppressions,'
  'warn_of_money}'::text[], 'every other chore is told of when it stands still');
select is_empty($$select n.chore from roads.list_neglected(leadgen.clock()) n where n.waiting > 0$$, 'nothing is left undone at first');

select testkit.submit(offer_id, '{}', 1) from ids;
select testkit.at_time('2026-11-20T16:09:00Z');
select is(pg_temp.left_undone('fill_feed'), 0::bigint, 'a lead of nine minutes ago may not be in the feed yet');
select testkit.at_time('2026-11-20T16:11:00Z');
select is(pg_temp.left_undone('fill_feed'), 2::bigint, 'a lead and its sale that are not in the feed are told');
select roads.fill_feed();
select is(pg_temp.left_undone('fill_feed'), 0::bigint, 'what is in the feed is not told');

create temp table hook as select * from leadgen.add_hook('ops', 'https://ops.example.com/', '{}');
select testkit.submit(offer_id, '{}', 2) from ids;
select roads.fill_feed();
select testkit.at_time('2026-11-20T16:30:00Z');
select is(pg_temp.left_undone('queue_hook_items'), 1::bigint, 'a hook for which nothing is queued is told');
update leadgen.endpoints set disabled_at = leadgen.clock(), disabled_reason = 'it fails' where hook_id = (select h.hook_id from hook h);
select is(pg_temp.left_undone('queue_hook_items'), 0::bigint, 'one that is disabled is no fault of a chore');

update leadgen.report_closing set closed_until = '2026-11-20T10:00:00Z';
select is(pg_temp.left_undone('roll_up'), 1::bigint, 'hours that are not closed are told');

insert into leadgen.report_schedules (name, view_name, period, recipients, timezone, active_since)
values ('daily', 'events', 'yesterday', '{ann@people.example}', 'UTC', '2026-11-01Z');
select is(pg_temp.left_undone('queue_due_report'), 1::bigint, 'a report that is due and not queued is told');

insert into leadgen.policy_proposals (kind, policy_id, body, base_version, reason, publish_at, proposed_at, proposed_by, status)
values ('routing', 1, '{}', 1, 'more buyers', '2026-11-20T16:00:00Z', '2026-11-19Z', 'user 1', 'approved');
select is(pg_temp.left_undone('publish_due_policy'), 1::bigint, 'a policy that is not published at its time is told');

select * from finish();
rollback;
