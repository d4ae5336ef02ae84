-- Road: an ad network posts leads.

create or replace function roads.open_post(p_source_key text, p_body bytea, p_context jsonb default '{}')
returns jsonb
language plpgsql
volatile
as $$
-- Stored before anything is asked of the network: the post is answered in time, however many leads it names.
declare
  v_source constant intake.mapped_source := intake.authenticate_post(p_source_key, p_body, p_context);
  v_leads constant jsonb := intake.split_post(v_source.map, v_source.document);
  v_unsealed constant jsonb := intake.list_unsealed_posts(v_source.map, v_leads, p_context);
begin
  if v_unsealed is not null then
    return jsonb_build_object('status', 'seal', 'documents', v_unsealed);
  end if;
  return jsonb_build_object(
    'answer', coalesce(v_source.map ->> 'answer', 'lead'),
    'positions', intake.store_leads(v_source, v_leads, p_context)
  );
end;
$$;
comment on function roads.open_post(text, bytea, jsonb) is 'The work of leadgen.open_post.';

create or replace function roads.submit_mapped_lead(
  p_source_key text,
  p_body bytea,
  p_context jsonb default '{}',
  p_position integer default 0,
  p_fetched jsonb default null,
  p_waits boolean default true
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_source constant intake.mapped_source := intake.authenticate_post(p_source_key, p_body, p_context);
begin
  return roads.take_mapped_lead(
    v_source, intake.split_post(v_source.map, v_source.document) -> p_position, p_context, p_fetched, p_waits);
end;
$$;
comment on function roads.submit_mapped_lead(text, bytea, jsonb, integer, jsonb, boolean) is
  'The work of leadgen.submit_mapped_lead.';

create or replace function roads.take_mapped_lead(
  p_source intake.mapped_source,
  p_lead jsonb,
  p_context jsonb,
  p_fetched jsonb,
  p_waits boolean
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_source intake.mapped_source := p_source;
  v_is_network constant boolean := coalesce(v_source.map ->> 'answer' = 'empty', false);
  v_lead jsonb := p_lead;
  v_chosen intake.mapped_source;
  v_payload jsonb;
  v_context jsonb;
  v_is_test boolean;
  v_state text := 'LG400';
  v_fault text;
begin
  if v_lead is null or jsonb_typeof(p_fetched) <> 'object'
    or (jsonb_typeof(v_lead) <> 'object' and not v_is_network) then
    perform kernel.refuse('LG400', 'There is no lead at this position', 'position', 'nothing, or no object',
      'an object');
  elsif jsonb_typeof(v_lead) <> 'object' then
    v_fault := 'The lead is no object';
    v_lead := intake.wrap_lead(v_lead);
  end if;
  v_lead := v_lead || coalesce(p_fetched, '{}');
  v_is_test := v_fault is null and intake.is_test_lead(v_source.map, v_lead);
  if not v_is_test and p_fetched is null and v_source.map ? 'fetch'
    and intake.gather_answers(v_source.map, v_lead) = '{}' then
    if intake.find_fetch_id(v_source.map, v_lead) is not null then
      perform kernel.refuse('LG400', 'The lead''s answers were not fetched', 'fetched', 'no answers',
        'the lead as its network gives it');
    elsif not v_is_network then
      perform kernel.refuse('LG400', 'The lead has neither answers nor an id to fetch them by',
        p_found => 'no id, or one of another form', p_allowed => '1 to 64 letters, digits, _ and -');
    end if;
    v_fault := coalesce(v_fault, 'The lead has neither answers nor an id to fetch them by');
  end if;

  v_payload := intake.apply_field_map(v_source.map, v_lead);
  v_chosen := intake.choose_mapped_source(v_source, v_payload);
  if v_chosen.source_id is not null then
    v_source := v_chosen;
  elsif v_is_network and not v_is_test then
    v_state := 'LG403';
    v_fault := 'The campaign belongs to a source of another account';
  else
    perform intake.check_campaign(v_chosen);
  end if;
  -- Address and browser are the network's own, not the person's; the key is that of the source that takes the lead.
  v_context := case
    when v_is_network then
      p_context - '{idempotency_key,origin,referer,ip_address,user_agent}'::text[]
    else p_context
  end - 'signature';
  select a.p_payload, a.p_context into v_payload, v_context
  from intake.address_submission(v_source, v_payload, v_context) a;
  if v_context ? 'idempotency_key' then
    v_payload := v_payload - 'idempotency_key';
  end if;

  if v_is_test then
    return roads.rehearse_lead(v_payload, v_context - 'can_look_up_mail');
  elsif v_fault is not null then
    return intake.settle_refusal(v_state, v_fault, v_payload, v_context - 'can_look_up_mail', v_source);
  elsif not v_is_network then
    return roads.submit_lead(v_payload, v_context, p_waits);
  end if;
  begin
    return roads.submit_lead(v_payload, v_context, p_waits);
  exception
    when sqlstate 'LG400' or sqlstate 'LG401' or sqlstate 'LG403' or sqlstate 'LG422' then
      return intake.settle_refusal(sqlstate, sqlerrm, v_payload, v_context - 'can_look_up_mail', v_source);
  end;
end;
$$;
comment on function roads.take_mapped_lead(intake.mapped_source, jsonb, jsonb, jsonb, boolean) is
  'What becomes of one lead in its source''s own shape, once its source is proved.';
