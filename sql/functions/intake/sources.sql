-- Which source a submission comes from.

create or replace function intake.find_route(p_request intake.lead_request)
returns catalog.route
language plpgsql
stable
as $$
declare
  v_source_id constant bigint := intake.find_source(p_request);
  v_route catalog.route;
begin
  if v_source_id is null then
    v_route.failed_step := 'source';
    v_route.failed_reason := 'no source claims it: no API key, no known source_key, and no landing page, campaign or '
      'default source that fits and needs no key';
    return v_route;
  end if;
  return catalog.load_route(v_source_id, null);
end;
$$;
comment on function intake.find_route(intake.lead_request) is
  'Source, offer, market and policies of a submission; failed_step and failed_reason when one is missing or inactive.';

create or replace function intake.find_source(p_request intake.lead_request)
returns bigint
language plpgsql
stable
as $$
-- First hit wins: API key, source_key, landing page, campaign, default source. A partner is not posed as: who names one
-- hears that its key is missing. Who names none cannot know that a partner was meant, and its lead is kept.
declare
  v_source_id bigint;
  v_source_key text;
  v_kind text;
begin
  if p_request.api_key_hash is not null then
    v_source_id := intake.find_key_source(p_request.api_key_hash);
    if v_source_id is null then
      perform kernel.refuse('LG401', 'No valid API key');
    end if;
    if p_request.source_key is not null then
      select s.source_key into v_source_key from leadgen.sources s where s.id = v_source_id;
    end if;
    if p_request.source_key <> v_source_key then
      perform kernel.refuse('LG403', 'The API key belongs to another source', 'source_key', 'another source',
        'the source of the key, or none');
    end if;
    return v_source_id;
  end if;

  if p_request.source_key is not null then
    select s.id, s.kind into v_source_id, v_kind from leadgen.sources s where s.source_key = p_request.source_key;
  end if;
  if v_source_id is null and p_request.page_url is not null then
    v_source_id := intake.find_source_by_page(p_request.page_url);
  end if;
  if v_source_id is null and p_request.utm_campaign is not null then
    select c.source_id into v_source_id
    from leadgen.source_campaigns c
    where c.utm_source = lower(p_request.utm_source) and c.utm_campaign = lower(p_request.utm_campaign);
  end if;
  if v_source_id is null then
    select s.id into v_source_id
    from leadgen.settings d
    join leadgen.sources s on s.source_key = d.default_source_key;
  end if;

  if v_kind = 'partner_api' then
    perform kernel.refuse('LG401', 'No valid API key');
  elsif v_kind is null and (select s.kind from leadgen.sources s where s.id = v_source_id) = 'partner_api' then
    return null;
  end if;
  return v_source_id;
end;
$$;
comment on function intake.find_source(intake.lead_request) is
  'The source a submission comes from, null when none claims it that may without a key. LG401: a key that is wrong, or '
  'missing where the payload names a partner; LG403: the payload names another source than the key.';

create or replace function intake.find_key_source(p_key_hash text)
returns bigint
language plpgsql
stable
as $$
-- On the road of every lead with a key: one probe, and the clock only for a key that has an end.
declare
  v_source_id bigint;
  v_expires_at timestamptz;
begin
  select k.source_id, k.expires_at into v_source_id, v_expires_at
  from leadgen.api_keys k
  where k.key_hash = p_key_hash and k.revoked_at is null;
  if v_expires_at is not null then
    return case when v_expires_at > leadgen.clock() then v_source_id end;
  end if;
  return v_source_id;
end;
$$;
comment on function intake.find_key_source(text) is
  'The source whose key in force has this hash; null when there is none.';

create or replace function intake.find_source_key(p_source_id bigint)
returns text
language plpgsql
stable
as $$
begin
  return (
    select k.key_hash from leadgen.api_keys k
    where k.source_id = p_source_id and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > leadgen.clock())
    order by k.id
    limit 1);
end;
$$;
comment on function intake.find_source_key(bigint) is
  'The hash of a key of the source that is in force: by it a post that was proved otherwise is handed on. Null when '
  'there is none.';

create or replace function intake.check_source_key(p_key_hash text)
returns void
language plpgsql
stable
as $$
begin
  if intake.find_key_source(p_key_hash) is null then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
end;
$$;
comment on function intake.check_source_key(text) is 'The work of leadgen.check_source_key.';

create or replace function intake.find_source_by_page(p_url text)
returns bigint
language plpgsql
stable strict
as $$
begin
  return (
    select s.id
    from (
      select
        ref.normalize_domain(rtrim(parts[1], '.')) as hostname,
        coalesce(nullif(parts[2], ''), '/') as path
      from regexp_match(p_url, '^https?://(?:[^/?#@]*@)?([^/?#:]+)(?::[0-9]+)?([^?#]*)', 'i') parts
    ) page
    join leadgen.sources s on s.hostname = page.hostname
    where rtrim(coalesce(s.path_prefix, ''), '/') in ('', page.path)
      or starts_with(page.path, rtrim(s.path_prefix, '/') || '/')
    order by length(coalesce(s.path_prefix, '')) desc, s.is_active desc, s.id
    limit 1
  );
end;
$$;
comment on function intake.find_source_by_page(text) is
  'The source whose hostname and longest path prefix, on segment boundaries, cover a page: /plumb does not cover '
  '/plumbing.';

create or replace function intake.find_form_pages(p_payload jsonb, p_context jsonb)
returns jsonb
language plpgsql
stable
as $$
-- The submission may be malformed: its visitor still has to go somewhere. Only what names the source is read.
declare
  v_request intake.lead_request;
  v_source_id bigint;
begin
  v_request.source_key := ref.collapse_space(p_payload ->> 'source_key');
  v_request.api_key_hash := p_context ->> 'api_key_hash';
  v_request.page_url := coalesce(
    ref.collapse_space(p_payload ->> 'landing_url'), p_context ->> 'referer', p_context ->> 'origin');
  v_request.utm_source := ref.collapse_space(p_payload ->> 'utm_source');
  v_request.utm_campaign := ref.collapse_space(p_payload ->> 'utm_campaign');
  v_source_id := intake.find_source(v_request);
  return coalesce(
    (
      select jsonb_build_object('success_url', s.success_url, 'error_url', s.error_url)
      from leadgen.sources s
      where s.id = v_source_id
    ),
    '{}');
exception
  when sqlstate 'LG401' or sqlstate 'LG403' then
    return '{}';
end;
$$;
comment on function intake.find_form_pages(jsonb, jsonb) is 'The work of leadgen.find_form_pages.';
