create or replace function leadgen.keep_endpoints()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- An address that is no longer used keeps its row: what was sold under it still goes there. Who changes an enrollment holds
-- its row and looks at no other: two at once would wait for each other.
declare
  v_buyer_id constant bigint := case tg_table_name when 'buyers' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'buyer_id' end;
begin
  insert into leadgen.endpoints (buyer_id, channel, target)
  select distinct v_buyer_id, c.channel, c.target
  from leadgen.list_channels(v_buyer_id) c
  on conflict do nothing;
  if tg_table_name = 'buyers' then
    perform leadgen.refresh_reach(v_buyer_id);
  else
    update leadgen.buyer_offers bo
    set is_reachable = leadgen.is_reached(bo)
    where bo.id = (to_jsonb(new) ->> 'id')::bigint and bo.is_reachable <> leadgen.is_reached(bo);
  end if;
  return null;
end;
$$;
comment on function leadgen.keep_endpoints() is
  'Trigger: every address of a buyer and of its enrollments is an endpoint.';

create or replace trigger keep_endpoints after insert or update of webhook_url, email, email_notifications, phone, sms_notifications
  on leadgen.buyers
  for each row execute function leadgen.keep_endpoints();
create or replace trigger keep_endpoints after insert or update of webhook_url_override, email_override, sms_override
  on leadgen.buyer_offers
  for each row execute function leadgen.keep_endpoints();
