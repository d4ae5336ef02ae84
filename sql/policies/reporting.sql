-- Analysts: the views of schema report, which hold no personal data of leads.
grant usage on schema report to leadgen_reporting;
grant select on all tables in schema report to leadgen_reporting;
