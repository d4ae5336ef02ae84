-- What pgTAP files share: personas, a small catalogue, and ways to look at what happened.
-- Loaded into the template from which every file's database is cloned; for pg_prove: psql -f each, in order.
create schema if not exists testkit;
comment on schema testkit is 'Helpers of the pgTAP tests; not part of a deployment.';
grant usage on schema testkit to public;
