-- Facade of DBAs: secrets of buyers and ad networks, which are written here and never read again.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.rotate_webhook_secret(p_buyer_id bigint, p_overlap interval default '24 hours')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.rotate_webhook_secret(p_buyer_id, p_overlap);
end;
$$;
comment on function leadgen.rotate_webhook_secret(bigint, interval) is
  'Gives a buyer a new webhook secret and returns it; webhooks carry a signature by the old one, too, until the '
  'overlap ends.';

create or replace function leadgen.set_webhook_secret(
  p_buyer_id bigint,
  p_secret text,
  p_overlap interval default '24 hours'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform catalog.set_webhook_secret(p_buyer_id, p_secret, p_overlap);
end;
$$;
comment on function leadgen.set_webhook_secret(bigint, text, interval) is
  'Gives a buyer a webhook secret that it brings from elsewhere; webhooks carry a signature by the old one, too, until '
  'the overlap ends. LG423 when it is no secret of Standard Webhooks; LG404 when there is no such buyer.';

create or replace function leadgen.set_webhook_header(p_buyer_id bigint, p_name text, p_value text)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.set_webhook_header(p_buyer_id, p_name, p_value);
end;
$$;
comment on function leadgen.set_webhook_header(bigint, text, text) is
  'Sends a header with every webhook to a buyer: Authorization or X-..., in place of one of that name; null removes '
  'it. Returns the names of all that are sent. LG423 for a header that cannot be sent, or for more than 20.';

create or replace function leadgen.set_network_secrets(
  p_source_id bigint,
  p_app_secret text default null,
  p_access_token text default null,
  p_verify_token text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform intake.set_network_secrets(p_source_id, p_app_secret, p_access_token, p_verify_token);
end;
$$;
comment on function leadgen.set_network_secrets(bigint, text, text, text) is
  'Gives a source the secrets of its ad network; one that is null stays as it is. A field map that checks signatures '
  'needs p_app_secret before its row of leadgen.source_maps. LG423 for a blank one; LG404 when there is no source.';

create or replace function leadgen.remove_network_secrets(p_source_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return intake.remove_network_secrets(p_source_id);
end;
$$;
comment on function leadgen.remove_network_secrets(bigint) is
  'Removes the secrets of a source''s ad network. False when it has none; LG409 while its field map checks signatures.';
