-- Road: users are looked at and managed on the console's pages, by admins. What else is done to a user is
-- identity/managing.sql, as over HTTP.

create or replace function roads.admit_manager(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return jsonb_build_object('me', identity.describe_visitor(identity.admit_user(p_token_hash, 'manage')));
end;
$$;
comment on function roads.admit_manager(text) is
  'Who manages, as each page says it: {me}. LG401 without a session, LG403 without the right.';

create or replace function roads.show_users_for(
  p_token_hash text,
  p_text text,
  p_role text,
  p_status text,
  p_before bigint
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_manager(p_token_hash) || console.list_users(p_text, p_role, p_status, p_before);
end;
$$;
comment on function roads.show_users_for(text, text, text, text, bigint) is 'The work of leadgen.show_users_for.';

create or replace function roads.show_user_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_page constant jsonb := roads.admit_manager(p_token_hash);
begin
  return v_page || console.describe_user(p_id, leadgen.clock()) || jsonb_build_object('roles', (
    select to_jsonb(identity.list_next_roles(u)) from leadgen.users u where u.id = p_id));
end;
$$;
comment on function roads.show_user_for(text, bigint) is 'The work of leadgen.show_user_for.';

create or replace function roads.change_user_role_for(
  p_token_hash text,
  p_user_id bigint,
  p_role text,
  p_member_kind text,
  p_reason text
)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.check_manages(identity.admit_afresh(p_token_hash, 'manage', p_reason), p_user_id);
  return identity.change_user_role(p_user_id, p_role, nullif(p_member_kind, ''), p_reason);
end;
$$;
comment on function roads.change_user_role_for(text, bigint, text, text, text) is
  'The work of leadgen.change_user_role_for.';

create or replace function roads.remove_user_factors_for(p_token_hash text, p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
as $$
begin
  perform identity.check_manages(identity.admit_afresh(p_token_hash, 'manage', p_reason), p_user_id);
  perform identity.remove_user_totp(p_user_id, p_reason);
  return identity.remove_user_passkeys(p_user_id, p_reason);
end;
$$;
comment on function roads.remove_user_factors_for(text, bigint, text) is 'The work of leadgen.remove_user_factors_for.';
