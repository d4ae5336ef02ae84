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
  perform catalog.check_needs_no_approval();
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
  perform catalog.check_needs_no_approval();
  return catalog.roll_back_policy(p_kind, p_id, p_version);
end;
$$;
comment on function roads.roll_back_policy_for(text, text, bigint, integer, text) is
  'The work of leadgen.roll_back_policy_for.';

create or replace function roads.propose_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_body jsonb,
  p_version integer,
  p_reason text,
  p_publish_at timestamptz
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_for(p_token_hash, 'configure', p_reason);
begin
  return catalog.propose_policy(p_kind, p_id, p_body, p_version, ref.collapse_space(p_reason), p_publish_at,
    roads.name_user(v_user), leadgen.clock());
end;
$$;
comment on function roads.propose_policy_for(text, text, bigint, jsonb, integer, text, timestamptz) is
  'The work of leadgen.propose_policy_for.';

create or replace function roads.approve_policy_for(p_token_hash text, p_proposal_id bigint)
returns jsonb
language plpgsql
volatile
as $$
-- What has no time, or a time that is over, is live at once; what cannot be published is told, and stays as it was.
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'configure');
  v_now constant timestamptz := leadgen.clock();
  v_proposal leadgen.policy_proposals := catalog.approve_proposal(p_proposal_id, roads.name_user(v_user), v_now);
begin
  if v_proposal.status = 'approved' and coalesce(v_proposal.publish_at <= v_now, true) then
    v_proposal := roads.publish_proposal(v_proposal, v_now);
  end if;
  return jsonb_build_object('id', v_proposal.id, 'status', v_proposal.status, 'version', v_proposal.version);
end;
$$;
comment on function roads.approve_policy_for(text, bigint) is 'The work of leadgen.approve_policy_for.';

create or replace function roads.withdraw_policy_for(p_token_hash text, p_proposal_id bigint)
returns boolean
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'configure');
begin
  return catalog.withdraw_proposal(p_proposal_id, roads.name_user(v_user), leadgen.clock());
end;
$$;
comment on function roads.withdraw_policy_for(text, bigint) is 'The work of leadgen.withdraw_policy_for.';

create or replace function roads.publish_proposal(p_proposal leadgen.policy_proposals, p_now timestamptz)
returns leadgen.policy_proposals
language plpgsql
volatile
as $$
-- The audit has who proposed it as its actor, with the reason and who approved it.
begin
  perform auditing.note_actor(p_proposal.proposed_by);
  perform set_config('leadgen.reason', left(p_proposal.reason
    || case when p_proposal.approved_by is null then '' else format(' (approved by %s)', p_proposal.approved_by) end,
    500), true);
  return catalog.settle_proposal(p_proposal.id, 'published', catalog.publish_policy(
    p_proposal.kind, p_proposal.policy_id, p_proposal.body, p_proposal.base_version), null, p_now);
end;
$$;
comment on function roads.publish_proposal(leadgen.policy_proposals, timestamptz) is
  'Makes a proposal the live version, in the name of who proposed it. LG409 when another version is live by now.';

create or replace function roads.publish_due_policy()
returns bigint
language plpgsql
volatile
as $$
-- One a call. What cannot be published any more is failed, with an event; it is not tried again.
declare
  v_now constant timestamptz := leadgen.clock();
  v_proposal constant leadgen.policy_proposals := catalog.pick_due_proposal(v_now);
begin
  if v_proposal.id is null then
    return null;
  end if;
  begin
    perform roads.publish_proposal(v_proposal, v_now);
  exception
    when sqlstate 'LG404' or sqlstate 'LG409' or sqlstate 'LG423' then
      perform catalog.settle_proposal(v_proposal.id, 'failed', null, sqlerrm, v_now);
      perform catalog.note_action('policy_not_published', format('proposal %s', v_proposal.id), null,
        format('%s policy %s was not published at its time: %s', v_proposal.kind, v_proposal.policy_id, sqlerrm),
        jsonb_build_object('proposal_id', v_proposal.id, 'kind', v_proposal.kind, 'policy_id', v_proposal.policy_id));
  end;
  return v_proposal.id;
end;
$$;
comment on function roads.publish_due_policy() is
  'Publishes a policy whose time has come, or says why it cannot be; the proposal''s id, null: none is due.';
