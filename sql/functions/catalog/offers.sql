-- Markets, offers, sources and campaigns as they are written.

create or replace function catalog.fill_market()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' or new.timezone <> old.timezone then
    perform catalog.check_timezone(new.timezone, 'timezone');
  end if;
  if tg_op = 'UPDATE' and (new.country_code, new.currency) <> (old.country_code, old.currency)
    and exists (select from leadgen.offers o where o.market_id = old.id) then
    if new.country_code <> old.country_code then
      perform kernel.refuse('LG409', 'A market with offers cannot move to another country', 'country_code',
        new.country_code, old.country_code,
        'Its service areas are written in the shape of its country''s postal codes: make a new market.');
    end if;
    perform kernel.refuse('LG409', 'A market with offers cannot have another currency', 'currency', new.currency,
      old.currency, 'Its prices, budgets and sales are amounts of its currency: make a new market.');
  end if;
  new.slug := coalesce(new.slug, catalog.choose_slug('leadgen.markets', 'slug', new.name, 100));
  return new;
end;
$$;
comment on function catalog.fill_market() is
  'Trigger: a market''s zone exists, and country and currency stay once it has offers; its slug is made from its name '
  'when not given.';

create or replace function catalog.fill_offer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.slug := coalesce(new.slug, catalog.choose_slug('leadgen.offers', 'slug', new.name, 100));
  return new;
end;
$$;
comment on function catalog.fill_offer() is 'Trigger: an offer''s slug is made from its name when not given.';

create or replace function catalog.fill_source()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.source_key := coalesce(ref.collapse_space(new.source_key),
    catalog.choose_slug('leadgen.sources', 'source_key', new.name, 100));
  new.hostname := rtrim(ref.normalize_domain(new.hostname), '.');
  if new.hostname is not null and not catalog.is_host_name(new.hostname)
    and (tg_op = 'INSERT' or new.hostname is distinct from old.hostname) then
    perform kernel.refuse_value('hostname', new.hostname::text,
      'the host name of a page, such as plumbing.example: letters, digits, hyphens and dots');
  end if;
  if tg_op = 'INSERT' or new.success_url is distinct from old.success_url then
    perform catalog.check_page_url(new.success_url, 'success_url');
  end if;
  if tg_op = 'INSERT' or new.error_url is distinct from old.error_url then
    perform catalog.check_page_url(new.error_url, 'error_url');
  end if;
  return new;
end;
$$;
comment on function catalog.fill_source() is
  'Trigger: a source''s key is made from its name when not given; its hostname is stored as it is compared. LG423 for '
  'a hostname or an address of a page that can be none; what was there before stays until it is changed.';

create or replace function catalog.is_host_name(p_text text)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- In a Content-Security-Policy it stands bare: a space or a semicolon in it would begin a rule of its own.
begin
  return length(p_text) <= 253
    and p_text ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$';
end;
$$;
comment on function catalog.is_host_name(text) is
  'Whether a text is a host name in lower case, an international one in ASCII; no port.';

create or replace function catalog.check_page_url(p_url text, p_field text)
returns void
language plpgsql
immutable
as $$
declare
  v_part constant text[] := regexp_match(p_url, '^(https?)://([^/?#]*)([/?#][!-~]*)?$');
  v_host constant text := lower(substring(v_part[2] from '^([^:]*)(?::[0-9]{1,5})?$'));
begin
  if p_url is not null and (v_part[2] is not null and catalog.is_host_name(v_host)
    and (v_part[1] = 'https' or v_host in ('localhost', '127.0.0.1'))) is not true then
    perform kernel.refuse_value(p_field, case
      when v_part is null then 'text of another form'
      when v_part[2] ~ '@' then 'a user or a password'
      when catalog.is_host_name(v_host) then v_part[1]
      else 'another host' end,
      'https://, the host name of a page, and a path: https://plumbing.example/thanks; http on this machine alone');
  end if;
end;
$$;
comment on function catalog.check_page_url(text, text) is
  'Raises LG423 unless visitors may be sent to an address: https, a host name, no user. http only to 127.0.0.1 and '
  'localhost.';

create or replace function catalog.fill_campaign()
returns trigger
language plpgsql
as $$
begin
  new.utm_source := lower(new.utm_source);
  new.utm_campaign := lower(new.utm_campaign);
  return new;
end;
$$;
comment on function catalog.fill_campaign() is 'Trigger: campaigns are stored as they are compared, in lower case.';
