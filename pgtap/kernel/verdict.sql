-- decide and read_routing_config: exclusivity, and what happens while the exclusive buyer cannot take a lead.
begin;
select plan(20);

select is(to_jsonb(testkit.settings()),
  '{"strategy": ["priority"], "max_buyers": 1, "exclusivity_scopes": ["postal_code", "city"], "when_unavailable": "fall_through",
  "on_no_buyer": "hold", "hold_hours": 24, "cap_hour": null, "cap_day": null, "cap_week": null, "cap_month": null, "budget_day": null,
  "budget_month": null, "contact_window_days": 30, "reroutes_on_return": true, "reroutes_on_failure": true, "max_reroutes": 3,
  "acceptance": "on_delivery", "acceptance_hours": null, "delivery_timeout_seconds": null, "delivery_retry_seconds": null,
  "resells_on_unknown": false, "returns_hours": 168, "auto_approves_returns": true, "return_quota_count": null,
  "return_quota_percent": null, "return_cycle": "month", "deliver_within_seconds": 120, "returns_give": "money", "return_line_types": null,
  "disclosed": ["consent_at", "consent_text_version", "consent_certificate_url", "consent_certificate_id"],
  "follows_calling_rules": false}',
  'read_routing_config: the defaults');
select is(to_jsonb(catalog.read_routing_config('{"strategy": "weighted", "tie_breakers": ["round_robin", "priority"], "max_buyers": 3,
    "exclusivity": {"scopes": ["city"], "when_unavailable": "reject"}, "on_no_buyer": "reject", "hold_hours": 0.5,
    "caps": {"per_hour": 1, "per_day": 2, "per_week": 3, "per_month": 4, "budget_per_day": 5.5, "budget_per_month": 60},
    "contact_window_days": 7, "reroute": {"on_return": false, "on_failure": false, "max_attempts": 0},
    "acceptance": {"mode": "explicit", "window_hours": 2},
    "delivery": {"timeout_seconds": 1.5, "retry_seconds": [9, 3], "resell_on_unknown": true},
    "returns": {"window_hours": 12, "auto_approve": false, "give": "replacement", "line_types": ["mobile"],
      "quota": {"percent": 2.5, "cycle": "week"}},
    "disclose": ["ip_address", "sub_ids"], "calling_rules": true}')),
  '{"strategy": ["weighted", "round_robin", "priority"], "max_buyers": 3, "exclusivity_scopes": ["city"], "when_unavailable": "reject",
  "on_no_buyer": "reject", "hold_hours": 0.5, "cap_hour": 1, "cap_day": 2, "cap_week": 3, "cap_month": 4, "budget_day": 5.5,
  "budget_month": 60, "contact_window_days": 7, "reroutes_on_return": false, "reroutes_on_failure": false, "max_reroutes": 0,
  "acceptance": "explicit", "acceptance_hours": 2, "delivery_timeout_seconds": 1.5, "delivery_retry_seconds": [9, 3],
  "resells_on_unknown": true, "returns_hours": 12, "auto_approves_returns": false, "return_quota_count": null,
  "return_quota_percent": 2.5, "return_cycle": "week", "deliver_within_seconds": null, "returns_give": "replacement",
  "return_line_types": ["mobile"],
  "disclosed": ["ip_address", "sub_ids"], "follows_calling_rules": true}', 'read_routing_config: everything said');

select is(format('%s %s', v.reasons::text, v.ranking::text), format('%s %s', t.reasons, t.ranking), t.what)
from (values
  ('{}'::jsonb, null::bigint, array['{}', '{"priority": 3}']::jsonb[], '{NULL,NULL}', '{2,1}', 'nobody owns it'),
  ('{}', 101, array['{}', '{"priority": 3}']::jsonb[], '{NULL,exclusive_to_other}', '{1}', 'the owner passes: it is the only candidate'),
  ('{}', 101, array['{"cap_day": 0}', '{"priority": 3}']::jsonb[], '{cap_day,NULL}', '{2}',
    'the owner is full: fall_through is the default'),
  ('{"exclusivity": {"when_unavailable": "fall_through"}}', 101, array['{"pause_until": "2027-01-01T00:00:00Z"}', '{}']::jsonb[],
    '{paused,NULL}', '{2}', 'fall_through'),
  ('{"exclusivity": {"when_unavailable": "hold"}}', 101, array['{"cap_day": 0}', '{"priority": 3}']::jsonb[],
    '{cap_day,exclusive_to_other}', '{}', 'hold: nobody else'),
  ('{"exclusivity": {"when_unavailable": "reject"}}', 101, array['{"cap_day": 0}', '{}']::jsonb[], '{cap_day,exclusive_to_other}', '{}',
    'reject: nobody else'),
  ('{"exclusivity": {"when_unavailable": "hold"}}', 999, array['{}', '{}']::jsonb[], '{NULL,NULL}', '{1,2}',
    'hold: an owner who is not enrolled is not waited for'),
  ('{"exclusivity": {"when_unavailable": "reject"}}', 999, array['{}', '{}']::jsonb[], '{exclusive_to_other,exclusive_to_other}', '{}',
    'reject: an owner who is not enrolled')
) as t (config, owner, fields, reasons, ranking, what), lateral testkit.verdict_of(testkit.candidates(variadic fields), config, owner) v;
select is((testkit.verdict_of(testkit.candidates('{"cap_day": 0}', '{}'), '{}', 101)).exclusive_buyer_id, null,
  'fallen through: nobody is exclusive');
select is((testkit.verdict_of(testkit.candidates('{}', '{}'), '{}', 101)).exclusive_buyer_id, 101::bigint, 'bound: who is');
select is((kernel.decide(testkit.snapshot('{}'), testkit.settings())).ranking, '{}', 'without candidates nobody is ranked');
select is(
  (select count(distinct kernel.decide(testkit.snapshot(c), testkit.settings('{"strategy": "weighted"}'))::text)
   from generate_series(1, 5), lateral (select testkit.candidates('{"weight": 2}', '{"cap_hour": 0}', '{}') as c) x), 1::bigint,
     'pure: the same input, the same verdict');

-- Through the front door: held or rejected as the policy says.
create function pg_temp.exclusive(p_config jsonb, p_owner jsonb) returns text language plpgsql as $$
declare
  v_offer_id constant bigint := testkit.make_offer('{}', p_config, '{"exclusivity_premium": {"percent": 20}}');
  v_owner constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace', p_owner);
  v_other constant bigint := testkit.enroll_buyer(v_offer_id, 'Ace');
  v_lead leadgen.leads;
begin
  perform testkit.own(v_owner, 'postal_code', '787*');
  perform testkit.submit(v_offer_id);
  select l.* into v_lead from leadgen.leads l where l.offer_id = v_offer_id;
  return concat_ws(' ',
    case v_lead.buyer_id when testkit.buyer_of(v_owner) then 'owner' when testkit.buyer_of(v_other) then 'other' else 'nobody' end,
    v_lead.price, case when v_lead.hold_until is not null then 'held' end);
end;
$$;
select is(pg_temp.exclusive(config, seat), expected, format('%s, owner %s', config, seat))
from (values
  ('{}'::jsonb, '{}'::jsonb, 'owner 54.00'),
  ('{}', '{"capacity_per_day": 0}', 'other 45.00'),
  ('{"exclusivity": {"when_unavailable": "hold"}}', '{"capacity_per_day": 0}', 'nobody held'),
  ('{"exclusivity": {"when_unavailable": "reject"}, "on_no_buyer": "hold"}', '{"capacity_per_day": 0}', 'nobody'),
  ('{"exclusivity": {"scopes": ["city"]}}', '{}', 'owner 45.00'),
  ('{"max_buyers": 2}', '{}', 'owner 54.00')
) as t (config, seat, expected);

select * from finish();
rollback;
