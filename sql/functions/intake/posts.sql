-- A network's post: who sends it and which leads it holds.

create or replace function intake.authenticate_post(p_source_key text, p_body bytea, p_context jsonb)
returns intake.mapped_source
language plpgsql
stable
as $$
-- Whatever is wrong, the words are the same: nobody learns which sources there are, nor how they prove themselves.
declare
  v_source intake.mapped_source;
  v_is_proved boolean;
begin
  v_source := intake.load_mapped_source((select s.id from leadgen.sources s where s.source_key = p_source_key));

  if v_source.map ->> 'authentication' = 'signature' then
    v_is_proved := intake.is_valid_signature(p_body, v_source.app_secret, p_context ->> 'signature');
  elsif v_source.source_id is not null then
    v_source.document := intake.read_post(p_body);
    v_is_proved := v_source.source_id = intake.find_key_source(case v_source.map ->> 'authentication'
      when 'key_in_body' then
        encode(sha256(convert_to(v_source.document #>> intake.read_plain_path(v_source.map ->> 'key'), 'UTF8')), 'hex')
      else p_context ->> 'api_key_hash'
    end);
  end if;
  if v_is_proved is not true then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  v_source.document := coalesce(v_source.document, intake.read_post(p_body));
  return v_source;
end;
$$;
comment on function intake.authenticate_post(text, bytea, jsonb) is
  'The source of a post in its own shape, once API key, key in the body or signature prove it. LG401 otherwise, in '
  'the same words whatever was wrong.';

create or replace function intake.load_mapped_source(p_source_id bigint)
returns intake.mapped_source
language plpgsql
stable
as $$
declare
  v_source intake.mapped_source;
begin
  select s.id, s.source_key, intake.find_source_key(s.id), m.body, n.app_secret, n.access_token
  into v_source.source_id, v_source.source_key, v_source.api_key_hash, v_source.map, v_source.app_secret,
    v_source.access_token
  from leadgen.sources s
  join leadgen.source_maps sm on sm.source_id = s.id
  join leadgen.field_maps m on m.id = sm.field_map_id
  left join leadgen.network_secrets n on n.source_id = s.id
  where s.id = p_source_id;
  return v_source;
end;
$$;
comment on function intake.load_mapped_source(bigint) is
  'A source with its field map and the secrets of its network; all null where it has no map.';

create or replace function intake.is_valid_signature(p_body bytea, p_secret text, p_signature text)
returns boolean
language plpgsql
immutable
as $$
-- Digests of the signatures are compared, so how long that takes says nothing about the right one.
begin
  return coalesce(
    sha256(convert_to(lower(p_signature), 'UTF8'))
      = sha256(convert_to(
        'sha256=' || encode(kernel.compute_hmac(convert_to(p_secret, 'UTF8'), p_body), 'hex'), 'UTF8')),
    false);
end;
$$;
comment on function intake.is_valid_signature(bytea, text, text) is
  'Whether a body was signed with a secret, as X-Hub-Signature-256 says it: sha256= and the HMAC-SHA-256 of the raw '
  'body in hex. False without either.';

create or replace function intake.choose_mapped_source(p_source intake.mapped_source, p_payload jsonb)
returns intake.mapped_source
language plpgsql
stable
as $$
-- One ad account posts the leads of many campaigns to one address. A lead that its first source has taken stays there,
-- or a campaign mapped between two tries would sell it twice. The sender writes the campaign, so it may name no source
-- of somebody else: leads and idempotency keys of the one are none of the other's.
declare
  v_source intake.mapped_source := p_source;
  v_is_ours boolean;
begin
  if p_source.map -> 'by_campaign' in ('false', 'null') is false and not exists (
    select from leadgen.leads l
    where l.source_id = p_source.source_id and l.idempotency_key = p_payload ->> 'idempotency_key') then
    select s.id, s.source_key, intake.find_source_key(s.id), s.id = own.id or s.account = own.account
    into v_source.source_id, v_source.source_key, v_source.api_key_hash, v_is_ours
    from intake.list_campaigns(p_source.map, p_payload) with ordinality t (campaign, position)
    join leadgen.source_campaigns c on c.utm_campaign = t.campaign
    join leadgen.sources s on s.id = c.source_id
    left join leadgen.sources own on own.id = p_source.source_id
    where c.utm_source = lower(ref.collapse_space(p_payload ->> 'utm_source'))
    order by t.position
    limit 1;
    if not found then
      return p_source;
    elsif v_is_ours is not true then
      return null;
    end if;
  end if;
  return v_source;
end;
$$;
comment on function intake.choose_mapped_source(intake.mapped_source, jsonb) is
  'The source that takes a mapped lead: where the map says by_campaign, the one that its campaign belongs to '
  '(source_campaigns), else the one that posted it. Null: the campaign''s source is of another account.';

create or replace function intake.list_campaigns(p_map jsonb, p_payload jsonb)
returns setof text
language plpgsql
immutable
as $$
declare
  v_path text;
begin
  if p_map -> 'by_campaign' = 'true' then
    return next lower(ref.collapse_space(p_payload ->> 'utm_campaign'));
    return;
  end if;
  foreach v_path in array intake.list_map_paths(p_map -> 'by_campaign') loop
    return next lower(ref.collapse_space(intake.show_map_value(intake.read_map_value(p_payload, to_jsonb(v_path)))));
  end loop;
end;
$$;
comment on function intake.list_campaigns(jsonb, jsonb) is
  'By what a mapped lead may belong to a source of source_campaigns, in the order in which it is looked for: its '
  'utm_campaign, or what the map''s by_campaign paths find in the payload.';

create or replace function intake.check_campaign(p_source intake.mapped_source)
returns void
language plpgsql
immutable
as $$
begin
  if p_source.source_id is null then
    perform kernel.refuse('LG403', 'The campaign belongs to a source of another account', 'utm_campaign',
      'another account''s campaign', 'a campaign of the source that posts, or of one with the same account');
  end if;
end;
$$;
comment on function intake.check_campaign(intake.mapped_source) is
  'Raises LG403 when choose_mapped_source found a source of another account.';

create or replace function intake.address_submission(
  p_source intake.mapped_source,
  inout p_payload jsonb,
  inout p_context jsonb
)
language plpgsql
immutable
as $$
begin
  p_payload := p_payload || jsonb_build_object('source_key', p_source.source_key);
  p_context := p_context - 'api_key_hash';
  if p_source.api_key_hash is not null then
    p_context := p_context || jsonb_build_object('api_key_hash', p_source.api_key_hash);
  end if;
end;
$$;
comment on function intake.address_submission(intake.mapped_source, jsonb, jsonb) is
  'Payload and context of a mapped lead as the source sends them that takes it.';

create or replace function intake.choose_source_again(inout p_payload jsonb, inout p_context jsonb)
language plpgsql
stable
as $$
-- The post was proved when it came. Whether its campaign may have it now is asked anew.
declare
  v_source intake.mapped_source;
begin
  select s.id, s.source_key, intake.find_source_key(s.id), m.body
  into v_source.source_id, v_source.source_key, v_source.api_key_hash, v_source.map
  from leadgen.sources s
  join leadgen.source_maps sm on sm.source_id = s.id
  join leadgen.field_maps m on m.id = sm.field_map_id
  where s.source_key = p_payload ->> 'source_key';
  if found then
    v_source := intake.choose_mapped_source(v_source, p_payload);
    perform intake.check_campaign(v_source);
    select a.p_payload, a.p_context into p_payload, p_context
    from intake.address_submission(v_source, p_payload, p_context) a;
  end if;
end;
$$;
comment on function intake.choose_source_again(jsonb, jsonb) is
  'A quarantined post as the source of its campaign sends it. LG403 while that source is of another account.';

create or replace function intake.read_post(p_body bytea)
returns jsonb
language plpgsql
immutable strict
as $$
declare
  v_text constant text := ref.mend_escapes(convert_from(p_body, 'UTF8'));
  v_document jsonb;
begin
  if ref.has_huge_number(v_text) then
    perform kernel.refuse('LG400', 'The post has a number that is too large', p_found => 'a number of more digits',
      p_allowed => 'numbers of at most 40 digits, with an exponent of at most two');
  end if;
  v_document := v_text;
  if jsonb_typeof(v_document) <> 'object' then
    perform kernel.refuse(
      'LG400', 'The post is not a JSON object', p_found => jsonb_typeof(v_document), p_allowed => 'an object');
  end if;
  return v_document;
end;
$$;
comment on function intake.read_post(bytea) is
  'The raw body of a post as JSON, a character that is no text as U+FFFD. LG400 when it is no object.';

create or replace function intake.split_post(p_map jsonb, p_document jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_path text;
  v_leads jsonb;
begin
  if not p_map ? 'leads' then
    return jsonb_build_array(p_document);
  end if;
  foreach v_path in array intake.list_map_paths(p_map -> 'leads') loop
    v_leads := jsonb_path_query_array(p_document, v_path::jsonpath, silent => true);
    exit when v_leads <> '[]';
  end loop;
  return v_leads;
end;
$$;
comment on function intake.split_post(jsonb, jsonb) is
  'The leads in one post: what the first of the map''s leads paths finds, or the whole document where it has none.';

create or replace function intake.settle_refusal(
  p_state text,
  p_message text,
  p_payload jsonb,
  p_context jsonb,
  p_source intake.mapped_source
)
returns jsonb
language plpgsql
volatile
as $$
-- A network cannot mend what it sent and takes a 4xx for the end of it, so nothing that it sends may be lost to one.
declare
  v_route catalog.route;
  v_answer jsonb;
begin
  if p_state = 'LG422' then
    select l.answer || '{"repeated": true}' into v_answer
    from leadgen.leads l
    where l.source_id = p_source.source_id and l.idempotency_key = p_payload ->> 'idempotency_key';
    if found then
      return v_answer;
    end if;
  end if;
  v_route.failed_step := case when p_state = 'LG403' then 'campaign' else 'field_map' end;
  v_route.source_id := p_source.source_id;
  v_route.failed_reason := p_message;
  return intake.quarantine_submission(p_payload, p_context, v_route);
end;
$$;
comment on function intake.settle_refusal(text, text, jsonb, jsonb, intake.mapped_source) is
  'What a network''s lead gets that submit_lead refuses: the first answer if the network now describes the same lead '
  'otherwise, else quarantine.';

create or replace function intake.verify_subscription(p_source_key text, p_verify_token text)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
    select
    from leadgen.sources s
    join leadgen.source_maps m on m.source_id = s.id
    join leadgen.network_secrets n on n.source_id = s.id
    where s.source_key = p_source_key
      and sha256(convert_to(n.verify_token, 'UTF8')) = sha256(convert_to(p_verify_token, 'UTF8'))
  );
end;
$$;
comment on function intake.verify_subscription(text, text) is 'The work of leadgen.verify_subscription.';
