create or replace view report.reason_rows as
select p.* from report.lost_places p
union all
select j.* from report.judgements j;
comment on view report.reason_rows is 'The rows of lost_places and of judgements.';
