create or replace view report.reasons as
select k.code as reason, k.description, k.remedy
from leadgen.candidate_checks k
where k.reason is null
union all
select l.reason, k.description, k.remedy
from leadgen.candidate_checks k
join (
  values
    ('limit', 'cap_hour'), ('limit', 'cap_day'), ('limit', 'cap_week'), ('limit', 'cap_month'),
    ('limit', 'budget_day'), ('limit', 'budget_month'),
    ('offer_limit', 'offer_cap_hour'), ('offer_limit', 'offer_cap_day'), ('offer_limit', 'offer_cap_week'),
    ('offer_limit', 'offer_cap_month'), ('offer_limit', 'offer_budget_day'), ('offer_limit', 'offer_budget_month')
) as l (code, reason) on l.code = k.code
union all
values
  ('taken_meanwhile', 'It passed every check, and does not have the lead: its sale was given to others, or ended.',
    'Routing the lead again when a sale ends (reroute).'),
  ('nobody_enrolled', 'No buyer takes part in the offer.', 'A buyer who takes part in the offer.');
comment on view report.reasons is
  'Each reason for which a place was not sold: what it means, and what would have sold it (remedy).';
