create or replace function leadgen.write_source_map()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A partner's source without an API key takes nothing. One whose network proves itself otherwise gets a hash that no key
-- is known for, so that the map is its only way in.
declare
  v_secret record;
begin
  -- Here and not by a constraint, which would write the row to the server's log.
  for v_secret in
    select s.name from (values ('app_secret', new.app_secret), ('access_token', new.access_token), ('verify_token', new.verify_token)) s (name, value)
    where s.value !~ '\S'
  loop
    perform leadgen.refuse_value(v_secret.name, 'a blank text', 'a secret, or nothing');
  end loop;
  if (select m.body ->> 'authentication' from leadgen.field_maps m where m.id = new.field_map_id) = 'signature' then
    if new.app_secret is null then
      perform leadgen.refuse_value('app_secret', 'nothing', 'the secret with which the network signs its posts');
    end if;
    update leadgen.sources s
    set api_key_hash = encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex')
    where s.id = new.source_id and s.kind = 'partner_api' and s.api_key_hash is null;
  end if;
  return new;
end;
$$;
comment on function leadgen.write_source_map() is
  'Trigger: a map that checks signatures needs the secret; a partner''s source behind it is closed to every other way in.';

create or replace trigger write_source_map before insert or update on leadgen.source_maps
  for each row execute function leadgen.write_source_map();
