-- Road: a policy is edited on the workbench: checked, tried on leads that came, published, and rolled back.

create or replace function roads.list_policies_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_policies();
end;
$$;
comment on function roads.list_policies_for(text) is 'The work of leadgen.list_policies_for.';

create or replace function roads.show_policy_for(p_token_hash text, p_kind text, p_id bigint, p_version integer)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_policy(p_kind, p_id, p_version);
end;
$$;
comment on function roads.show_policy_for(text, text, bigint, integer) is 'The work of leadgen.show_policy_for.';

create or replace function roads.compare_policy_for(p_token_hash text, p_kind text, p_id bigint, p_body jsonb)
returns jsonb
language plpgsql
volatile
as $$
-- The check is the one that the trigger of the table makes.
begin
  perform identity.admit_user(p_token_hash, 'read');
  perform catalog.check_policy_kind(p_kind);
  perform catalog.check_policy(p_kind, p_body);
  return console.compare_policy(p_kind, p_id, p_body);
end;
$$;
comment on function roads.compare_policy_for(text, text, bigint, jsonb) is 'The work of leadgen.compare_policy_for.';

create or replace function roads.rehearse_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_offer_id bigint,
  p_body jsonb,
  p_lead_id bigint
)
returns jsonb
language plpgsql
volatile
as $$
-- A week of an offer, or its latest 5,000 leads of it; or one lead. It has to end within the time of a statement.
declare
  c_most constant integer := 5000;
  v_now constant timestamptz := leadgen.clock();
  v_from timestamptz := v_now - interval '7 days';
  v_to timestamptz := v_now;
begin
  perform identity.admit_user(p_token_hash, 'read');
  perform catalog.check_policy_kind(p_kind);
  perform catalog.check_policy(p_kind, p_body);
  if not exists (select from console.list_offers_of_policy(p_kind, p_id) o where o.id = p_offer_id) then
    perform kernel.refuse('LG404', 'This policy is not of that offer', 'offer_id', p_offer_id::text,
      'an offer of the policy');
  end if;
  if p_lead_id is not null then
    select l.created_at, l.created_at + interval '1 microsecond' into v_from, v_to
    from leadgen.leads l where l.id = p_lead_id and l.offer_id = p_offer_id;
    if not found then
      perform kernel.refuse('LG404', 'This offer has no such lead', 'lead', p_lead_id::text, 'the id of a lead of it');
    end if;
  else
    v_from := coalesce((
      select l.created_at from leadgen.leads l
      where l.offer_id = p_offer_id and l.created_at >= v_from
      order by l.created_at desc offset c_most - 1 limit 1), v_from);
  end if;
  return rehearsal.what_if(p_offer_id, v_from, v_to, console.patch_policy(p_kind, p_id, p_body));
end;
$$;
comment on function roads.rehearse_policy_for(text, text, bigint, bigint, jsonb, bigint) is
  'The work of leadgen.rehearse_policy_for.';

create or replace function roads.find_offer_of_lead(p_token_hash text, p_lead_id bigint)
returns bigint
language plpgsql
volatile
as $$
declare
  v_offer_id bigint;
begin
  perform identity.admit_user(p_token_hash, 'read');
  select l.offer_id into v_offer_id from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG400', format('No lead %s', p_lead_id), 'lead', coalesce(p_lead_id::text, 'nothing'),
      'the id of a lead');
  end if;
  return v_offer_id;
end;
$$;
comment on function roads.find_offer_of_lead(text, bigint) is 'The work of leadgen.find_offer_of_lead.';

create or replace function roads.publish_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_body jsonb,
  p_version integer,
  p_reason text
)
returns integer
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  return catalog.publish_policy(p_kind, p_id, p_body, p_version);
end;
$$;
comment on function roads.publish_policy_for(text, text, bigint, jsonb, integer, text) is
  'The work of leadgen.publish_policy_for.';

create or replace function roads.roll_back_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_version integer,
  p_reason text
)
returns integer
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  return catalog.roll_back_policy(p_kind, p_id, p_version);
end;
$$;
comment on function roads.roll_back_policy_for(text, text, bigint, integer, text) is
  'The work of leadgen.roll_back_policy_for.';
