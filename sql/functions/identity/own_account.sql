-- A user's own account on a page: where it is signed in, and how it signs in. What changes it is sign_in.sql, totp.sql,
-- passkeys.sql, own_keys.sql, each of which asks for what it needs.

create or replace function identity.show_own_account(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
  v_user leadgen.users;
  v_app leadgen.user_totp;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  v_user := v_open.holder;
  select t.* into v_app from leadgen.user_totp t where t.user_id = v_user.id;
  return jsonb_build_object(
    'me', identity.describe_visitor(v_user), 'sessions', identity.list_own_sessions(p_token_hash),
    'has_password', exists (select from leadgen.user_passwords p where p.user_id = v_user.id),
    'app_since', v_app.confirmed_at, 'app_waits', v_app.user_id is not null and v_app.confirmed_at is null,
    'recovery_codes', (
      select count(*) from leadgen.user_recovery_codes r where r.user_id = v_user.id and r.used_at is null),
    'passkeys', identity.list_own_passkeys(p_token_hash),
    'scopes', identity.list_scopes('user', v_user.role, v_user.member_kind),
    'keys', (
      select coalesce(jsonb_agg(identity.describe_key(k) || jsonb_build_object('is_in_force',
        k.revoked_at is null and coalesce(k.expires_at > leadgen.clock(), true)) order by k.id desc), '[]')
      from leadgen.api_keys k where k.user_id = v_user.id));
end;
$$;
comment on function identity.show_own_account(text) is 'The work of leadgen.show_own_account.';
