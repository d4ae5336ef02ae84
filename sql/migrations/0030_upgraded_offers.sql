-- The first versions that migration 0027 wrote are no offers that the one who deployed created: they are of before it.
drop trigger if exists keep_record on leadgen.offer_versions;
update leadgen.offer_versions v
set changed_by = 'migration'
from leadgen.schema_migrations m
where m.number = 27 and v.version = 1 and v.changed_at < m.applied_at;
