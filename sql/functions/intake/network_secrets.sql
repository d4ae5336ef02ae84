-- The secrets of ad networks. They are written here and read by posts.sql; no error, event or answer repeats one.

create or replace function intake.set_network_secrets(
  p_source_id bigint,
  p_app_secret text default null,
  p_access_token text default null,
  p_verify_token text default null
)
returns void
language plpgsql
volatile
as $$
declare
  v_given text[];
  v_blank text;
begin
  select array_agg(s.name), min(s.name) filter (where s.value !~ E'\\S') into v_given, v_blank
  from (values ('app_secret', p_app_secret), ('access_token', p_access_token), ('verify_token', p_verify_token))
    s (name, value)
  where s.value is not null;
  if v_given is null then
    perform kernel.refuse('LG400', 'No secret is given', 'p_app_secret', 'nothing',
      'at least one of p_app_secret, p_access_token, p_verify_token');
  elsif v_blank is not null then
    perform kernel.refuse_value('p_' || v_blank, 'a blank text', 'a secret, or null to keep the one that there is');
  end if;
  insert into leadgen.network_secrets as n (source_id, app_secret, access_token, verify_token)
  select s.id, p_app_secret, p_access_token, p_verify_token from leadgen.sources s where s.id = p_source_id
  on conflict (source_id) do update
  set
    app_secret = coalesce(excluded.app_secret, n.app_secret),
    access_token = coalesce(excluded.access_token, n.access_token),
    verify_token = coalesce(excluded.verify_token, n.verify_token);
  if not found then
    perform kernel.refuse('LG404', 'There is no such source', 'source_id', p_source_id::text, 'the id of a source');
  end if;
  perform catalog.note_action('secrets_changed', format('source %s', p_source_id), null,
    format('source %s: %s set', p_source_id, array_to_string(v_given, ', ')), jsonb_build_object('secrets', v_given));
end;
$$;
comment on function intake.set_network_secrets(bigint, text, text, text) is 'The work of leadgen.set_network_secrets.';

create or replace function intake.remove_network_secrets(p_source_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- Removed first and checked after: intake.write_source_map locks the secret, so a map that is being written is seen.
declare
  v_is_removed boolean;
begin
  delete from leadgen.network_secrets n where n.source_id = p_source_id;
  v_is_removed := found;
  if exists (
    select
    from leadgen.source_maps sm
    join leadgen.field_maps m on m.id = sm.field_map_id
    where sm.source_id = p_source_id and m.body ->> 'authentication' = 'signature') then
    perform kernel.refuse('LG409', format('The field map of source %s checks signatures', p_source_id), 'source_id',
      'a map that needs app_secret', 'a source without such a map',
      'Delete its row of leadgen.source_maps, or give it another map, first.');
  end if;
  if v_is_removed then
    perform catalog.note_action('secrets_changed', format('source %s', p_source_id), null,
      format('source %s: all secrets removed', p_source_id), '{}');
  end if;
  return v_is_removed;
end;
$$;
comment on function intake.remove_network_secrets(bigint) is 'The work of leadgen.remove_network_secrets.';
