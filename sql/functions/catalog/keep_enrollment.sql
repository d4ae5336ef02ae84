create or replace function leadgen.keep_enrollment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from leadgen.enrollment_usage u where u.buyer_offer_id = old.id and u.last_turn is not null) then
    perform leadgen.refuse('LG409', 'An enrollment that took leads cannot be deleted', 'buyer_offer_id',
      'an enrollment with sales', 'one without', 'End it: is_active false. Its sales count towards its caps.');
  end if;
  return old;
end;
$$;
comment on function leadgen.keep_enrollment() is
  'Trigger: an enrollment that took leads stays, so that a new one in its place cannot take the same caps again.';

create or replace trigger keep_enrollment before delete on leadgen.buyer_offers
  for each row execute function leadgen.keep_enrollment();
