create or replace view for_sources.account
with (security_invoker = true) as
select
  s.id as source_id,
  s.name,
  s.source_key,
  s.kind,
  s.account,
  s.is_active
from leadgen.sources s;
comment on view for_sources.account is 'The source itself.';
