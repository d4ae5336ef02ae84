-- Evidence of a return: files by reference. Nothing here opens them; whoever does can hold them against size and hash.

create or replace function market.check_evidence(p_evidence jsonb)
returns void
language plpgsql
immutable
as $$
-- What was sent is not repeated where it may be long or somebody's.
declare
  v_item jsonb;
  v_place integer := 0;
begin
  if p_evidence is null or p_evidence = 'null' then
    return;
  elsif jsonb_typeof(p_evidence) <> 'array' then
    perform market.refuse_evidence('evidence', jsonb_typeof(p_evidence), 'a list of files');
  elsif jsonb_array_length(p_evidence) > 10 then
    perform market.refuse_evidence('evidence', jsonb_array_length(p_evidence) || ' files', 'at most 10 files');
  end if;
  for v_item in select e.value from jsonb_array_elements(p_evidence) e loop
    perform market.check_file(v_item, format('evidence[%s]', v_place));
    v_place := v_place + 1;
  end loop;
end;
$$;
comment on function market.check_evidence(jsonb) is
  'LG400 for what is no list of at most ten files, each {"url" or "key", "sha256", "bytes", "media_type"} or a link, '
  '{"url"}; null: none.';

create or replace function market.check_file(p_file jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  c_names constant text[] := '{url,key,sha256,bytes,media_type}';
  v_word text;
begin
  if jsonb_typeof(p_file) <> 'object' then
    perform market.refuse_evidence(p_path, jsonb_typeof(p_file), 'an object');
  end if;
  if p_file - c_names <> '{}' then
    perform market.refuse_evidence(p_path, 'another field', array_to_string(c_names, ', '));
  elsif (p_file ? 'url') = (p_file ? 'key') then
    perform market.refuse_evidence(p_path, case when p_file ? 'url' then 'url and key' else 'neither url nor key' end,
      'url or key');
  end if;
  if p_file ? 'url' then
    perform market.check_url(p_file -> 'url', p_path || '.url');
    if p_file - 'url' = '{}' then
      return; -- a link, as a person gives it
    end if;
  elsif (jsonb_typeof(p_file -> 'key') = 'string' and length(p_file ->> 'key') <= 500
    and p_file ->> 'key' ~ E'^[A-Za-z0-9_][A-Za-z0-9_.=-]*(/[A-Za-z0-9_][A-Za-z0-9_.=-]*)*$') is not true then
    perform market.refuse_evidence(p_path || '.key', market.describe_json(p_file -> 'key'),
      'a key of the object store: at most 500 of the characters a-z A-Z 0-9 _ . = - and /');
  end if;
  v_word := p_file ->> 'sha256';
  if (jsonb_typeof(p_file -> 'sha256') = 'string' and v_word ~ '^[0-9a-fA-F]{64}$') is not true then
    perform market.refuse_evidence(p_path || '.sha256', market.describe_json(p_file -> 'sha256'),
      '64 hexadecimal digits');
  end if;
  v_word := p_file ->> 'media_type';
  if (jsonb_typeof(p_file -> 'media_type') = 'string' and length(v_word) <= 110
    and v_word ~ '^(image|audio|video|text|application|message)/[a-z0-9][a-z0-9.+-]{0,99}$') is not true then
    perform market.refuse_evidence(p_path || '.media_type', market.describe_json(p_file -> 'media_type'),
      'a media type in small letters: image/png, audio/mpeg, application/pdf');
  end if;
  if (jsonb_typeof(p_file -> 'bytes') = 'number' and length(p_file ->> 'bytes') <= 9
    and p_file ->> 'bytes' ~ '^[0-9]+$' and (p_file ->> 'bytes')::bigint between 1 and 104857600) is not true then
    perform market.refuse_evidence(p_path || '.bytes', market.describe_json(p_file -> 'bytes'),
      'the size, 1 to 104857600 (100 MB)');
  end if;
end;
$$;
comment on function market.check_file(jsonb, text) is 'LG400 for what is no file of evidence, naming its field.';

create or replace function market.check_url(p_url jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- No names or passwords before the host, no other scheme, no blanks: it is shown to people, who may follow it.
declare
  c_shape constant text := '^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#][!-~]*)?$';
begin
  if (jsonb_typeof(p_url) = 'string' and length(p_url #>> '{}') <= 2000 and p_url #>> '{}' ~ c_shape) is not true then
    perform market.refuse_evidence(p_path, market.describe_json(p_url),
      'an https URL of at most 2000 ASCII characters, without name or password');
  end if;
end;
$$;
comment on function market.check_url(jsonb, text) is 'LG400 for what is no https URL that can be kept as evidence.';

create or replace function market.describe_json(p_value jsonb)
returns text
language plpgsql
immutable
as $$
begin
  return case jsonb_typeof(p_value)
    when 'string' then format('a text of %s characters', length(p_value #>> '{}'))
    when 'number' then case when length(p_value::text) <= 20 then p_value::text else 'a very long number' end
    else coalesce(jsonb_typeof(p_value), 'nothing')
  end;
end;
$$;
comment on function market.describe_json(jsonb) is 'What was found where something else is allowed, without its words.';

create or replace function market.refuse_evidence(p_field text, p_found text, p_allowed text)
returns void
language plpgsql
immutable
as $$
begin
  perform kernel.refuse('LG400', 'The evidence cannot be kept', p_field, p_found, p_allowed);
end;
$$;
comment on function market.refuse_evidence(text, text, text) is 'LG400 for evidence of a return.';

create or replace function market.keep_evidence(p_return_id bigint, p_evidence jsonb, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The same file again is the same file, and so is the same link. Of an erased lead nothing new is kept. The
-- caller holds the sale.
declare
  v_count integer;
begin
  if coalesce(p_evidence, 'null') = 'null' then
    return;
  end if;
  insert into leadgen.return_evidence (created_at, return_id, reference, sha256, bytes, media_type)
  select p_now, p_return_id, coalesce(e.value ->> 'url', e.value ->> 'key'), lower(e.value ->> 'sha256'),
    (e.value ->> 'bytes')::bigint, e.value ->> 'media_type'
  from jsonb_array_elements(p_evidence) with ordinality e
  where exists (
    select from leadgen.sale_returns r
    join leadgen.lead_assignments a on a.id = r.assignment_id
    join leadgen.leads l on l.id = a.lead_id and l.market_id = a.market_id
    where r.id = p_return_id and l.erased_at is null)
  order by e.ordinality
  on conflict do nothing;
  select count(*) into v_count from leadgen.return_evidence e where e.return_id = p_return_id;
  if v_count > 10 then
    perform market.refuse_evidence('evidence', v_count || ' files with those that are there', 'at most 10 files');
  end if;
end;
$$;
comment on function market.keep_evidence(bigint, jsonb, timestamptz) is
  'Keeps checked files with a return, each once by its hash or its link; LG400 for more than ten in all.';

create or replace function market.list_evidence(p_return_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'reference', e.reference, 'sha256', e.sha256, 'bytes', e.bytes, 'media_type', e.media_type) order by e.id), '[]')
    from leadgen.return_evidence e
    where e.return_id = p_return_id);
end;
$$;
comment on function market.list_evidence(bigint) is
  'The files that a buyer showed for a return, as it was told of them.';
