create or replace function leadgen.ring_workers()
returns void
language plpgsql
volatile
as $$
begin
  if exists (select from leadgen.worker_naps n where n.until > clock_timestamp()) then
    perform pg_notify('leadgen_deliveries', '');
  end if;
end;
$$;
comment on function leadgen.ring_workers() is
  'Wakes workers that nap. Nobody naps: no NOTIFY, whose lock at commit would serialise all leads.';
