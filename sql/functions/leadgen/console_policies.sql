-- Facade of the console: the workbench on which policies are edited, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_policies_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_policies_for(p_token_hash);
end;
$$;
comment on function leadgen.list_policies_for(text) is
  'The policies of all kinds, and their offers. LG401, LG403.';

create or replace function leadgen.show_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_version integer default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_policy_for(p_token_hash, p_kind, p_id, p_version);
end;
$$;
comment on function leadgen.show_policy_for(text, text, bigint, integer) is
  'A policy: its body as text, of the live version or an old one, its offers, its latest 30 versions with who and '
  'why, and the keys of its kind. LG400, LG401, LG403, LG404.';

create or replace function leadgen.compare_policy_for(p_token_hash text, p_kind text, p_id bigint, p_body jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.compare_policy_for(p_token_hash, p_kind, p_id, p_body);
end;
$$;
comment on function leadgen.compare_policy_for(text, text, bigint, jsonb) is
  'What a body would change of the live version of a policy; nothing is written. LG423 as it would be written, '
  'LG400, LG401, LG403, LG404.';

create or replace function leadgen.rehearse_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_offer_id bigint,
  p_body jsonb,
  p_lead_id bigint default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.rehearse_policy_for(p_token_hash, p_kind, p_id, p_offer_id, p_body, p_lead_id);
end;
$$;
comment on function leadgen.rehearse_policy_for(text, text, bigint, bigint, jsonb, bigint) is
  'leadgen.what_if with a body in the place of the live version: on the last seven days of an offer of the policy, '
  'at most its latest 5,000 leads, or on one lead. Writes nothing. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.find_offer_of_lead(p_token_hash text, p_lead_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.find_offer_of_lead(p_token_hash, p_lead_id);
end;
$$;
comment on function leadgen.find_offer_of_lead(text, bigint) is
  'The offer of a lead, for the user of a session. LG400 for no such lead, LG401, LG403.';

create or replace function leadgen.publish_policy_for(
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
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.publish_policy_for(p_token_hash, p_kind, p_id, p_body, p_version, p_reason);
end;
$$;
comment on function leadgen.publish_policy_for(text, text, bigint, jsonb, integer, text) is
  'Gives a policy a body, by a user who may configure, with a reason, if the version that was edited is still live; '
  'returns the new version. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.roll_back_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_version integer,
  p_reason text
)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.roll_back_policy_for(p_token_hash, p_kind, p_id, p_version, p_reason);
end;
$$;
comment on function leadgen.roll_back_policy_for(text, text, bigint, integer, text) is
  'leadgen.roll_back_policy by a user who may configure, with a reason. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.propose_policy_for(
  p_token_hash text,
  p_kind text,
  p_id bigint,
  p_body jsonb,
  p_version integer,
  p_reason text,
  p_publish_at timestamptz default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.propose_policy_for(p_token_hash, p_kind, p_id, p_body, p_version, p_reason, p_publish_at);
end;
$$;
comment on function leadgen.propose_policy_for(text, text, bigint, jsonb, integer, text, timestamptz) is
  'Proposes a body for a policy, by a user who may configure, with a reason: published at a time (null: once it is '
  'approved), and approved by a second person where the setting asks for it. Answers {id, status}: waiting or '
  'approved. The same again is the same proposal. LG400, LG401, LG403, LG404, LG409, LG423.';

create or replace function leadgen.approve_policy_for(p_token_hash text, p_proposal_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.approve_policy_for(p_token_hash, p_proposal_id);
end;
$$;
comment on function leadgen.approve_policy_for(text, bigint) is
  'Approves what somebody else proposed, by a user who may configure; without a time it is live at once. Answers {id, '
  'status, version}. LG401, LG403 for one''s own proposal, LG404, LG409.';

create or replace function leadgen.withdraw_policy_for(p_token_hash text, p_proposal_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.withdraw_policy_for(p_token_hash, p_proposal_id);
end;
$$;
comment on function leadgen.withdraw_policy_for(text, bigint) is
  'Withdraws or turns down a proposal that is not published, by a user who may configure; false: it was withdrawn '
  'before. LG401, LG403, LG404, LG409.';
