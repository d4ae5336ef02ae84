-- A lead that its exclusive buyer never can take falls through: which reasons may pass is said in the registry of checks.
alter table leadgen.candidate_checks add column can_pass text;
