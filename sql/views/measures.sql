create or replace view report.measures as
select m.name as measure, m.bases, m.unit, m.definition, m.source
from leadgen.measures m
order by m.position;
comment on view report.measures is
  'What the numbers of the views mean. A column is named after the time by which it counts, and the measure: came_sold.';
