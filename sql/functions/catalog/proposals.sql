-- Proposals: what policies are to become, at a time or once a second person has approved it.
--
--   waiting ──► approved ──► published      approved at once where nobody else has to
--      └────────────┴──────► withdrawn      approved ──► failed: at its time it could not be published
--
-- The setting policies_need_approval holds on the console. What a DBA writes in SQL is written at once, and audited.

create or replace function catalog.needs_approval()
returns boolean
language sql
stable
as $$
  select coalesce((select s.policies_need_approval from leadgen.settings s), false);
$$;
comment on function catalog.needs_approval() is 'Whether a second person has to approve what is published.';

create or replace function catalog.check_needs_no_approval()
returns void
language plpgsql
stable
as $$
begin
  if catalog.needs_approval() then
    perform kernel.refuse('LG409', 'A second person has to approve this', 'policies_need_approval', 'true', 'false',
      'Propose it: somebody else approves it on the page of the policy.');
  end if;
end;
$$;
comment on function catalog.check_needs_no_approval() is
  'LG409 where a second person has to approve what is published.';

create or replace function catalog.propose_policy(
  p_kind text,
  p_id bigint,
  p_body jsonb,
  p_version integer,
  p_reason text,
  p_publish_at timestamptz,
  p_by text,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
as $$
-- The policy's row is locked by the check of its version, so the same form sent twice finds its proposal.
declare
  c_most constant integer := 20;
  v_status constant text := case when catalog.needs_approval() then 'waiting' else 'approved' end;
  v_id bigint;
begin
  perform catalog.check_live_version(p_kind, p_id, p_version);
  perform catalog.check_policy(p_kind, p_body);
  perform catalog.check_publish_time(p_publish_at, v_status, p_now);
  select p.id into v_id
  from leadgen.policy_proposals p
  where p.kind = p_kind and p.policy_id = p_id and p.status = v_status and p.body = p_body and p.proposed_by = p_by
    and p.publish_at is not distinct from p_publish_at and p.base_version = p_version;
  if v_id is null then
    if (
      select count(*) >= c_most from leadgen.policy_proposals p
      where p.kind = p_kind and p.policy_id = p_id and p.status in ('waiting', 'approved')) then
      perform kernel.refuse('LG409', 'The policy has too many open proposals', 'proposals', c_most::text,
        format('fewer than %s', c_most), 'Withdraw one.');
    end if;
    insert into leadgen.policy_proposals (
      kind, policy_id, body, base_version, reason, publish_at, proposed_at, proposed_by, status)
    values (p_kind, p_id, p_body, p_version, p_reason, p_publish_at, p_now, p_by, v_status)
    returning id into v_id;
  end if;
  return jsonb_build_object('id', v_id, 'status', v_status);
end;
$$;
comment on function catalog.propose_policy(text, bigint, jsonb, integer, text, timestamptz, text, timestamptz) is
  'Keeps what a policy is to become: {id, status}. LG400 for a time that is over, LG404, LG409 when another version '
  'is live, LG423 for a body that is refused.';

create or replace function catalog.check_live_version(p_kind text, p_id bigint, p_version integer)
returns void
language plpgsql
volatile
as $$
declare
  v_live integer;
begin
  perform catalog.check_policy_kind(p_kind);
  execute format('select version from leadgen.%I where id = $1 for update', p_kind || '_policies')
  into v_live using p_id;
  if v_live is null then
    perform kernel.refuse('LG404', format('No %s policy %s', p_kind, p_id), 'id', p_id::text, 'the id of a policy');
  elsif v_live is distinct from p_version then
    perform kernel.refuse('LG409', 'Somebody else has published a version meanwhile', 'version',
      format('version %s is live', v_live),
      coalesce(format('version %s', p_version), 'the version you edit'),
      'Compare yours with the live version, and publish it again.');
  end if;
end;
$$;
comment on function catalog.check_live_version(text, bigint, integer) is
  'LG404 for no such policy, LG409 when another version of it is live. Locks its row.';

create or replace function catalog.check_publish_time(p_publish_at timestamptz, p_status text, p_now timestamptz)
returns void
language plpgsql
stable
as $$
begin
  if p_publish_at is null and p_status = 'approved' then
    perform kernel.refuse('LG400', 'A time is needed', 'publish_at', 'nothing', 'a time within a year',
      'Publish it now, if it is to be live at once.');
  elsif p_publish_at <= p_now or p_publish_at > p_now + interval '1 year' then
    perform kernel.refuse('LG400', 'The time is over, or far away', 'publish_at', kernel.write_instant(p_publish_at),
      'a time within a year');
  end if;
end;
$$;
comment on function catalog.check_publish_time(timestamptz, text, timestamptz) is
  'LG400 for a time to publish at that is over or more than a year away, or for none where nobody has to approve.';

create or replace function catalog.lock_proposal(p_id bigint)
returns leadgen.policy_proposals
language plpgsql
volatile
as $$
declare
  v_proposal leadgen.policy_proposals;
begin
  select p.* into v_proposal from leadgen.policy_proposals p where p.id = p_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such proposal', 'proposal', coalesce(p_id::text, 'nothing'),
      'the id of a proposal');
  end if;
  return v_proposal;
end;
$$;
comment on function catalog.lock_proposal(bigint) is 'A proposal, its row locked; LG404 when there is none.';

create or replace function catalog.approve_proposal(p_id bigint, p_by text, p_now timestamptz)
returns leadgen.policy_proposals
language plpgsql
volatile
as $$
-- Approved by the same person again, nothing changes.
declare
  v_proposal leadgen.policy_proposals := catalog.lock_proposal(p_id);
begin
  if v_proposal.approved_by = p_by then
    return v_proposal;
  elsif v_proposal.proposed_by = p_by then
    perform kernel.refuse('LG403', 'Who proposed it may not approve it', 'proposed_by', p_by, 'another person');
  elsif v_proposal.status <> 'waiting' then
    perform kernel.refuse('LG409', format('Proposal %s does not wait for anybody', p_id), 'status', v_proposal.status,
      'waiting');
  end if;
  update leadgen.policy_proposals p
  set status = 'approved', approved_by = p_by, approved_at = p_now
  where p.id = p_id
  returning p.* into v_proposal;
  return v_proposal;
end;
$$;
comment on function catalog.approve_proposal(bigint, text, timestamptz) is
  'A proposal is approved by a second person. LG403 for who proposed it, LG404, LG409 when it does not wait.';

create or replace function catalog.withdraw_proposal(p_id bigint, p_by text, p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
declare
  v_proposal constant leadgen.policy_proposals := catalog.lock_proposal(p_id);
begin
  if v_proposal.status = 'withdrawn' then
    return false;
  elsif v_proposal.status not in ('waiting', 'approved') then
    perform kernel.refuse('LG409', format('Proposal %s is settled', p_id), 'status', v_proposal.status,
      'waiting, approved');
  end if;
  update leadgen.policy_proposals p
  set status = 'withdrawn', settled_at = p_now, settled_by = p_by
  where p.id = p_id;
  return true;
end;
$$;
comment on function catalog.withdraw_proposal(bigint, text, timestamptz) is
  'A proposal is withdrawn, or turned down; false: it was before. LG404, LG409 when it was published or failed.';

create or replace function catalog.pick_due_proposal(p_now timestamptz)
returns leadgen.policy_proposals
language plpgsql
volatile
as $$
declare
  v_proposal leadgen.policy_proposals;
begin
  select p.* into v_proposal
  from leadgen.policy_proposals p
  where p.status = 'approved' and p.publish_at <= p_now
  order by p.publish_at, p.id
  limit 1
  for no key update skip locked;
  return v_proposal;
end;
$$;
comment on function catalog.pick_due_proposal(timestamptz) is
  'The approved proposal whose time came first, its row locked; its id is null when none is due.';

create or replace function catalog.settle_proposal(
  p_id bigint,
  p_status text,
  p_version integer,
  p_fault text,
  p_now timestamptz
)
returns leadgen.policy_proposals
language plpgsql
volatile
as $$
declare
  v_proposal leadgen.policy_proposals;
begin
  update leadgen.policy_proposals p
  set status = p_status, version = p_version, fault = p_fault, settled_at = p_now
  where p.id = p_id
  returning p.* into v_proposal;
  return v_proposal;
end;
$$;
comment on function catalog.settle_proposal(bigint, text, integer, text, timestamptz) is
  'A proposal is published as a version, or failed with a fault. The caller holds its row.';
