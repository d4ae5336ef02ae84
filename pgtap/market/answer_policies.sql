-- The keys acceptance, reroute and delivery of a routing policy: what is taken, and which field of what is refused.
begin;
select plan(30);
-- The policy, as it is written.
select is(testkit.policy_fault('routing', config), fault, format('policy: %s', config))
from (values
  ('{"acceptance": {"mode": "on_delivery"}}'::jsonb, 'none'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 0.5}}', 'none'),
  ('{"acceptance": {"mode": "auto_after", "window_hours": 2160}}', 'none'),
  ('{"acceptance": "explicit"}', 'LG423 config.acceptance'),
  ('{"acceptance": {}}', 'LG423 config.acceptance.mode'),
  ('{"acceptance": {"mode": "later"}}', 'LG423 config.acceptance.mode'),
  ('{"acceptance": {"mode": "explicit"}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "auto_after"}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "on_delivery", "window_hours": 2}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 0}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 2161}}', 'LG423 config.acceptance.window_hours'),
  ('{"acceptance": {"mode": "explicit", "window_hours": 1, "hours": 2}}', 'LG423 config.acceptance.hours'),
  ('{"reroute": {}}', 'none'),
  ('{"reroute": {"on_return": false, "on_failure": false, "max_attempts": 0}}', 'none'),
  ('{"reroute": {"on_return": true, "max_attempts": 0}}', 'LG423 config.reroute.on_return'),
  ('{"reroute": {"max_attempts": 20}}', 'none'),
  ('{"reroute": {"max_attempts": 21}}', 'LG423 config.reroute.max_attempts'),
  ('{"reroute": {"max_attempts": -1}}', 'LG423 config.reroute.max_attempts'),
  ('{"reroute": {"max_attempts": 1.5}}', 'LG423 config.reroute.max_attempts'),
  ('{"reroute": {"on_return": "yes"}}', 'LG423 config.reroute.on_return'),
  ('{"reroute": {"on_lapse": true}}', 'LG423 config.reroute.on_lapse'),
  ('{"delivery": {"timeout_seconds": 0.1, "retry_seconds": [0.1, 604800], "resell_on_unknown": true}}', 'none'),
  ('{"delivery": {"timeout_seconds": 60, "retry_seconds": []}}', 'none'),
  ('{"delivery": {"timeout_seconds": 60.1}}', 'LG423 config.delivery.timeout_seconds'),
  ('{"delivery": {"timeout_seconds": 0}}', 'LG423 config.delivery.timeout_seconds'),
  ('{"delivery": {"retry_seconds": 5}}', 'LG423 config.delivery.retry_seconds'),
  ('{"delivery": {"retry_seconds": [1, 0]}}', 'LG423 config.delivery.retry_seconds[1]'),
  ('{"delivery": {"retry_seconds": [604801]}}', 'LG423 config.delivery.retry_seconds[0]'),
  ('{"delivery": {"retries": 3}}', 'LG423 config.delivery.retries')
) as t (config, fault);
select is(testkit.policy_fault('routing', jsonb_build_object('delivery', jsonb_build_object('retry_seconds',
  (select jsonb_agg(1) from generate_series(1, 51))))), 'LG423 config.delivery.retry_seconds', 'policy: too many retries');

select * from finish();
rollback;
