-- What workers do beside delivering. The order matters: a lead whose sale lapsed is with the next buyer in the same turn.
-- Declared: a row that is not here is removed; pause and is_active are an installation's own.
create temp table declared_chores (like leadgen.chores including defaults) on commit drop;

insert into declared_chores (name, position, runs, counts, pause, description)
values
  ('settle_answers', 10, 'market.settle_answers', true, '0', 'Ends the buyers'' time to answer: accepted by silence, or lapsed.'),
  ('settle_return', 20, 'roads.settle_return', false, '0', 'Decides returns that came with a webhook''s reply.'),
  ('release_due_sale', 30, 'roads.release_due_sale', false, '0', 'Gives back the places of sales that failed or lapsed.'),
  ('pass_on_cold_sale', 32, 'roads.pass_on_cold_sale', false, '0', 'Gives leads that were not delivered in time to the next buyer.'),
  ('follow_change', 35, 'roads.follow_change', true, '0', 'Does what follows from changes of the catalogue.'),
  ('publish_due_policy', 38, 'roads.publish_due_policy', false, '5 seconds', 'Publishes policies whose time has come.'),
  ('route_held_lead', 40, 'roads.route_held_lead', false, '0', 'Offers held leads again.'),
  ('follow_billing', 42, 'billing.follow_billing', true, '0', 'Brings billing_status of leads up to date.'),
  ('warn_of_money', 45, 'roads.warn_of_money', true, '5 seconds', 'Tells buyers whose money runs low.'),
  ('settle_endpoints', 50, 'outbox.settle_endpoints', true, '0', 'Announces endpoints that were disabled.'),
  ('settle_reports', 60, 'roads.settle_reports', true, '0', 'Ends the wait for reports that did not come.'),
  ('advance_resend', 70, 'outbox.advance_resend', false, '0', 'Sends deliveries again that an operator asked for.'),
  ('follow_payment_event', 72, 'billing.follow_payment_event', false, '0', 'Does what payment providers'' webhooks say.'),
  ('tell_payment', 74, 'roads.tell_payment', false, '0', 'Tells what became of payments, and pauses recharges that were declined.'),
  ('start_recharge', 76, 'roads.start_recharge', false, '0', 'Recharges buyers whose balance is low.'),
  ('forget_old', 80, 'roads.forget_old', true, '10 minutes', 'Deletes and strikes out what retention_rules says is kept no longer.'),
  ('forget_buckets', 90, 'intake.forget_buckets', true, '10 minutes', 'Deletes rate_buckets that are full again.'),
  ('invoice_due_buyer', 100, 'roads.invoice_due_buyer', false, '1 minute', 'Bills buyers whose period is over or who reach a threshold.'),
  ('end_vain_replacement', 105, 'roads.end_vain_replacement', false, '1 minute', 'Gives money back for returns that no lead replaces.'),
  ('settle_payments', 110, 'roads.settle_payments', false, '1 minute', 'Pays open invoices from what their buyers paid.'),
  ('settle_overdue', 120, 'roads.settle_overdue', false, '10 minutes', 'Finds invoices that are overdue.'),
  ('remind_buyer', 130, 'roads.remind_buyer', false, '10 minutes', 'Reminds buyers of open invoices.'),
  ('queue_due_report', 138, 'roads.queue_due_report', false, '30 seconds', 'Queues scheduled reports whose period is over.'),
  ('announce_limits', 140, 'market.announce_limits', true, '10 seconds', 'Says which caps and budgets are used up.'),
  ('fill_feed', 142, 'roads.fill_feed', true, '0', 'Puts what happened into the feed.'),
  ('queue_hook_items', 144, 'outbox.queue_hook_items', false, '0', 'Sends the feed to the webhooks of operators.'),
  ('sweep_suppressions', 145, 'privacy.sweep_suppressions', true, '1 minute',
    'Deletes contacts of suppression lists that were dropped or replaced.'),
  ('roll_up', 148, 'rollups.roll_up', true, '20 seconds', 'Keeps for reports what the days that are over come to.'),
  ('chain_audit', 150, 'auditing.chain_audit', true, '5 seconds', 'Takes entries of the audit into its chain.');

delete from leadgen.chores c where c.name not in (select d.name from declared_chores d);
insert into leadgen.chores as c (name, position, runs, counts, pause, description)
select d.name, d.position, d.runs, d.counts, d.pause, d.description
from declared_chores d
on conflict (name) do update
set position = excluded.position, runs = excluded.runs, counts = excluded.counts, description = excluded.description
where (c.position, c.runs, c.counts, c.description)
  is distinct from (excluded.position, excluded.runs, excluded.counts, excluded.description);
