-- The registry of checks and strategies. A new one is a row here and, where its condition is more than a comparison, a
-- function in sql/functions/kernel. The expressions see one candidate as c and the snapshot as p_snapshot; which names c
-- has, catalog.list_candidate_names says. Positions leave room. A row that cannot work stops the deploy (catalog.try_kernel).
-- Once a check is used its position and condition stay, since old records are replayed by them: a changed check is a new
-- code.
create temp table declared_checks (like leadgen.candidate_checks including defaults) on commit drop;

insert into declared_checks (code, position, condition, reason, words, clears_at, can_pass, description)
values
  ('enrollment_inactive', 10, 'c.flags & kernel.flag(''enrollment_is_active'') = 0', null, null, null, null,
    'The enrollment is switched off.'),
  ('buyer_inactive', 20, 'c.flags & kernel.flag(''buyer_is_active'') = 0', null, null, null, null,
    'The buyer is switched off.'),
  ('no_channel', 30, 'c.flags & kernel.flag(''is_reachable'') = 0', null, null, null, null,
    'None of its endpoints is in use.'),
  ('paused', 40, 'c.pause @> p_snapshot.decided_at', null, 'kernel.describe_pause(c.pause, c.zone)', 'upper(c.pause)',
    'upper(c.pause) < ''infinity''', 'The enrollment is paused.'),
  ('outside_schedule', 50, 'c.flags & kernel.flag(''in_schedule'') = 0', null,
    '''opens '' || kernel.show_time(c.opens_at, c.zone)', 'c.opens_at', 'c.opens_at is not null',
    'Its schedule is closed.'),
  ('outside_calling_hours', 52, '(p_snapshot.calling).opens_at is not null', null, 'kernel.describe_calling(p_snapshot.calling)',
    '(p_snapshot.calling).opens_at', 'true', 'The policy follows calling rules, and the lead''s person may not be called now.'),
  ('no_calling_consent', 54, '(p_snapshot.calling).lacks_consent', null, 'kernel.describe_calling(p_snapshot.calling)', null, null,
    'The policy follows calling rules, and those of the lead''s place ask for a consent that the lead does not have.'),
  ('outside_service_area', 60, 'c.flags & kernel.flag(''in_service_area'') = 0', null, null, null, null,
    'The buyer does not work where the lead is.'),
  ('filters', 70, 'c.filter_fault is not null', null, 'c.filter_fault', null, null,
    'The lead does not meet the enrollment''s filters.'),
  ('already_had_lead', 80, 'c.flags & kernel.flag(''has_lead'') > 0', null, null, null, null,
    'The buyer had this lead before.'),
  ('bought_contact_before', 90, 'c.flags & kernel.flag(''has_contact'') > 0', null, null, null, null,
    'The buyer bought the same contact within contact_window_days.'),
  ('suppressed_for_buyer', 95, 'c.flags & kernel.flag(''is_suppressed'') > 0', null, null, null, null,
    'A suppression list of the buyer has the lead''s contact.'),
  ('limit', 100, 'c.full_limit is not null', 'c.full_limit',
    'kernel.describe_limit(p_snapshot, c.place, c.reason, c.price)', 'kernel.find_limit_end(p_snapshot, c.place, c.reason)',
    'true',
    'A cap or a budget of its own is used up: cap_hour, cap_day, cap_week, cap_month, budget_day, budget_month.'),
  ('buyer_held', 105, 'c.flags & kernel.flag(''is_held'') > 0', null, '''somebody keeps an edit of the buyer open''',
    'p_snapshot.decided_at + interval ''10 seconds''', 'true', 'Somebody keeps an edit of the buyer open: nothing can be booked for it.'),
  ('minimum_balance', 110, 'c.balance < c.min_balance', null, 'format(''%s of %s'', c.balance, c.min_balance)', null, 'true',
    'The buyer''s balance is below the enrollment''s minimum.'),
  ('funds', 120,
    'c.balance < c.price and (c.min_balance is not null or c.flags & kernel.flag(''is_prepaid'') > 0)', null,
    'format(''%s, price %s'', c.balance, c.price)', null, 'true', 'The buyer''s balance does not pay the price.'),
  ('credit', 125, 'c.credit < c.price', null,
    'format(''%s left of %s, price %s'', c.credit, c.credit_limit, c.price)', null, 'true',
    'What is left of the buyer''s credit limit does not pay the price.'),
  ('margin', 127,
    '(p_snapshot.cost).is_per_sale is not null and not kernel.covers_cost(p_snapshot.cost, c.price, p_snapshot.decimals)',
    null, 'kernel.describe_margin(p_snapshot.cost, c.price, p_snapshot.decimals)', null, null,
    'The price does not cover what the lead costs and the margin that its source''s payout policy asks for.'),
  ('exclusive_to_other', 130, 'c.buyer_id <> p_exclusive_buyer_id', null, null, null, null,
    'Another buyer owns the lead''s postal code or city.'),
  ('offer_limit', 140, 'c.full_offer_limit is not null', 'c.full_offer_limit',
    'kernel.describe_limit(p_snapshot, 0, c.reason, c.price)', 'kernel.find_limit_end(p_snapshot, 0, c.reason)',
    'true',
    'A cap or a budget of the offer as a whole is used up: offer_cap_hour, ..., offer_budget_month.'),
  ('not_chosen', 145, '(p_snapshot.choice).buyer_id <> c.buyer_id and c.buyer_id is distinct from p_exclusive_buyer_id', null,
    'format(''buyer %s was chosen by hand'', (p_snapshot.choice).buyer_id)', null, null,
    'Somebody sold the lead by hand to another buyer.'),
  ('held_lead_first', 150, 'p_snapshot.behind_lead_id is not null', null, 'format(''lead %s'', p_snapshot.behind_lead_id)',
    'p_snapshot.decided_at', 'true',
    'More held leads are due than go first at once: the new lead is held and routed after them.');

-- What would have sold the lead, for reports. Of the check limit it is that of each of its reasons.
update declared_checks d set remedy = r.remedy
from (
  values
    ('enrollment_inactive', 'The enrollment switched on.'),
    ('buyer_inactive', 'The buyer switched on.'),
    ('no_channel', 'An endpoint of the buyer that is in use.'),
    ('paused', 'A shorter pause, or a hold until it ends.'),
    ('outside_schedule', 'Longer hours of the enrollment, or a hold until it opens.'),
    ('outside_calling_hours', 'A hold until people may be called.'),
    ('no_calling_consent', 'The consent that the place asks for, asked for by the source.'),
    ('outside_service_area', 'A larger service area, or another buyer there.'),
    ('filters', 'Wider filters of the enrollment.'),
    ('already_had_lead', 'Another buyer: this one had the lead.'),
    ('bought_contact_before', 'A shorter contact_window_days, or another buyer.'),
    ('suppressed_for_buyer', 'Another buyer: this one must not contact the person.'),
    ('limit', 'A higher cap or budget of the enrollment, or another buyer.'),
    ('buyer_held', 'A hold of some seconds, until the edit of the buyer is closed.'),
    ('minimum_balance', 'A deposit of the buyer, or a lower minimum.'),
    ('funds', 'A deposit of the buyer, or recharges by its saved method.'),
    ('credit', 'A payment of the buyer, or a higher credit limit.'),
    ('margin', 'A higher price, or a lower payout to the source.'),
    ('exclusive_to_other', 'The owner of the area, with room for it.'),
    ('offer_limit', 'A higher cap or budget of the offer in its routing policy.'),
    ('not_chosen', 'Nothing: somebody chose another buyer by hand.'),
    ('held_lead_first', 'A hold: leads that waited longer go first.')
) as r (code, remedy)
where d.code = r.code;

delete from leadgen.candidate_checks k where not exists (select from declared_checks d where d.code = k.code);
insert into leadgen.candidate_checks as k
select d.* from declared_checks d
on conflict (code) do update set
  position = excluded.position,
  condition = excluded.condition,
  reason = excluded.reason,
  words = excluded.words,
  clears_at = excluded.clears_at,
  can_pass = excluded.can_pass,
  remedy = excluded.remedy,
  description = excluded.description;

create temp table declared_strategies (like leadgen.strategies including defaults) on commit drop;

insert into declared_strategies (name, position, key, description)
values
  ('priority', 10, '-c.priority', 'First who has the higher routing_priority.'),
  ('round_robin', 20, 'coalesce(c.last_turn, -1)', 'First who has waited longest for a lead; who never had one comes before all others.'),
  ('weighted', 30, 'case when p_snapshot.edition >= 2
    then round(1e9::double precision * kernel.share_key(c.finish_tag, c.weight, v_stored_time, v_virtual_time))
    else kernel.share_key(c.finish_tag, c.weight, v_stored_time, v_virtual_time) end',
    'Shares by weight, exact to within about one lead at every moment, also while weights change.'),
  ('highest_price', 40, '-c.price', 'First who pays most.'),
  ('least_filled', 50, 'v_fills[c.place]',
    'First who has used the lowest share of its fullest cap or budget. Buyers without any limit go by their leads so far today; '
    'one of them goes before the least filled buyer with a limit only if it had fewer leads today.');

delete from leadgen.strategies k where not exists (select from declared_strategies d where d.name = k.name);
insert into leadgen.strategies as k
select d.* from declared_strategies d
on conflict (name) do update set position = excluded.position, key = excluded.key, description = excluded.description;

select catalog.compile_kernel();
