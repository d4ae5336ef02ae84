-- Hours are kept from the day to which 0086 has set each zone back: those of earlier days are in no table.
alter table leadgen.report_zones add column hours_from date not null default '-infinity';
update leadgen.report_zones
set hours_from = rolled_to
where isfinite(rolled_to);
