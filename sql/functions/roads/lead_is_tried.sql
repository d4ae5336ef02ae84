-- Road: a lead is tried, and nothing is kept.

create or replace function roads.dry_run_lead(
  payload jsonb,
  context jsonb default '{}',
  p_as_new boolean default false
)
returns jsonb
language plpgsql
volatile
as $$
-- The live call, and then everything it did is undone: variables outlive the subtransaction; rows, locks and
-- notifications do not. A number that a sequence gave would be used up, so the lead has an id below zero that
-- no other has: what is missing among the ids of leads was never a dry run.
declare
  v_lead_id constant bigint := -1 - (random() * 1e15)::bigint;
  v_request intake.lead_request;
  v_answer jsonb;
  v_account jsonb;
begin
  begin
    if p_as_new then
      v_answer := roads.submit_as_new(payload, context, v_lead_id);
    else
      v_request := intake.read_request(payload, context);
      v_answer := roads.take_lead(v_request, intake.find_route(v_request), payload, context, true, v_lead_id);
    end if;
    if v_answer ? 'lead_id' then
      v_account := roads.explain_lead((v_answer ->> 'lead_id')::bigint);
    end if;
    raise exception using errcode = 'DRY01', message = 'a dry run keeps nothing';
  exception
    when sqlstate 'DRY01' then
      null;
  end;
  if v_answer ? 'repeated' or v_answer ->> 'status' = 'seal' then
    return v_answer || '{"dry_run": true}';
  end if;
  if v_answer ->> 'status' = 'quarantined' then
    v_answer := v_answer || jsonb_build_object('message', regexp_replace(
      v_answer ->> 'message', '^The lead is kept', 'The lead would be kept'));
  end if;
  return (v_answer - '{lead_id,quarantine_id}'::text[])
    || jsonb_build_object('dry_run', true, 'decision', v_account - '{lead_id,sales}'::text[]);
end;
$$;
comment on function roads.dry_run_lead(jsonb, jsonb, boolean) is 'The work of leadgen.dry_run_lead.';

create or replace function roads.submit_as_new(p_payload jsonb, p_context jsonb, p_lead_id bigint)
returns jsonb
language plpgsql
volatile
as $$
-- The locks are those of the lead itself, in their order, before a row of another lead is touched.
declare
  v_request intake.lead_request := intake.read_request(p_payload, p_context);
  v_route constant catalog.route := intake.find_route(v_request);
  v_facts kernel.lead_facts;
begin
  v_request.idempotency_key := 'dry-run:' || gen_random_uuid();
  if v_route.failed_step is null then
    v_facts := intake.normalize_request(v_request, v_route);
    perform market.lock_offer(v_facts, v_route, true);
    perform intake.forget_contact(v_facts);
  end if;
  return roads.take_lead(v_request, v_route, p_payload, p_context, true, p_lead_id);
end;
$$;
comment on function roads.submit_as_new(jsonb, jsonb, bigint) is
  'Submits a lead as though none of its key, phone or e-mail had come '
  'before; only where everything is undone afterwards.';

create or replace function roads.rehearse_lead(p_payload jsonb, p_context jsonb)
returns jsonb
language plpgsql
volatile
as $$
-- A network's test carries made-up data, so that it would be refused is no fault of the test.
declare
  v_outcome jsonb;
  v_detail text;
begin
  v_outcome := roads.dry_run_lead(p_payload, p_context);
  if v_outcome ->> 'status' = 'seal' then
    return v_outcome;
  end if;
  return jsonb_build_object('status', 'test', 'message', 'A test: nothing was stored or sold', 'outcome', v_outcome);
exception
  when others then
    if sqlstate not like 'LG%' then
      raise;
    end if;
    get stacked diagnostics v_detail = pg_exception_detail;
    return jsonb_build_object('status', 'test', 'message', 'A test: nothing was stored or sold',
      'outcome', jsonb_build_object('status', 'refused', 'message', sqlerrm, 'detail', v_detail::jsonb));
end;
$$;
comment on function roads.rehearse_lead(jsonb, jsonb) is
  'What would become of a lead that is marked as a test; nothing of it is kept.';

create or replace function roads.try_field_map(p_slug text, p_document jsonb)
returns setof jsonb
language plpgsql
stable
as $$
declare
  v_map jsonb;
begin
  select m.body into v_map from leadgen.field_maps m where m.slug = p_slug;
  if not found then
    perform kernel.refuse('LG404', 'No such field map', 'slug', left(p_slug, 100), 'a slug in leadgen.field_maps');
  end if;
  return query
  select intake.apply_field_map(v_map, lead)
  from jsonb_array_elements(intake.split_post(v_map, p_document)) lead;
end;
$$;
comment on function roads.try_field_map(text, jsonb) is 'The work of leadgen.try_field_map.';
