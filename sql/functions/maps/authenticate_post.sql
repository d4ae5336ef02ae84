create or replace function leadgen.authenticate_post(p_source_key text, p_body bytea, p_context jsonb)
returns leadgen.mapped_source
language plpgsql
stable
as $$
-- Whatever is wrong, the words are the same: nobody learns which sources there are, nor how they prove themselves.
declare
  v_source leadgen.mapped_source;
  v_is_proved boolean;
begin
  select s.id, s.source_key, s.api_key_hash, m.body, sm.app_secret, sm.access_token
  into v_source.source_id, v_source.source_key, v_source.api_key_hash, v_source.map, v_source.app_secret, v_source.access_token
  from leadgen.sources s
  join leadgen.source_maps sm on sm.source_id = s.id
  join leadgen.field_maps m on m.id = sm.field_map_id
  where s.source_key = p_source_key;

  if v_source.map ->> 'authentication' = 'signature' then
    v_is_proved := leadgen.check_signature(p_body, v_source.app_secret, p_context ->> 'signature');
  elsif v_source.source_id is not null then
    v_source.document := leadgen.read_post(p_body);
    v_is_proved := v_source.api_key_hash = case v_source.map ->> 'authentication'
      when 'key_in_body' then
        encode(sha256(convert_to(v_source.document #>> leadgen.read_plain_path(v_source.map ->> 'key'), 'UTF8')), 'hex')
      else p_context ->> 'api_key_hash'
    end;
  end if;
  if v_is_proved is not true then
    perform leadgen.refuse('LG401', 'No valid API key');
  end if;
  v_source.document := coalesce(v_source.document, leadgen.read_post(p_body));
  return v_source;
end;
$$;
comment on function leadgen.authenticate_post(text, bytea, jsonb) is
  'The source of a post in its own shape, once API key, key in the body or signature prove it. LG401 otherwise, in the same words whatever was wrong.';
