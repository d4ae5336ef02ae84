-- Users as persons: what is held of one, and how one is struck out.

create or replace function identity.list_users_of(p_email text, p_phone text)
returns setof bigint
language plpgsql
stable
as $$
-- Phones of users are kept as they were typed.
begin
  return query
  select u.id from leadgen.users u
  where u.email = p_email or u.wanted_email = p_email
    or (p_phone is not null and u.phone is not null
      and (ref.read_phone(u.phone, (ref.read_phone(p_phone, null)).country_code)).e164 = p_phone)
  order by u.id;
end;
$$;
comment on function identity.list_users_of(text, text) is
  'The users with an e-mail, or with a phone in E.164; null: none.';

create or replace function identity.export_user(p_user_id bigint)
returns jsonb
language plpgsql
stable
as $$
-- No digest and no secret: they say nothing about the person, and could be guessed from.
begin
  return (
    select jsonb_build_object(
      'user_id', u.id, 'created_at', u.created_at, 'email', coalesce(u.wanted_email, u.email), 'name', u.name,
      'company', u.company, 'phone', u.phone, 'role', u.role, 'buyer_id', u.buyer_id, 'source_id', u.source_id,
      'member_kind', u.member_kind, 'status', u.status, 'verified_at', u.verified_at, 'approved_at', u.approved_at,
      'signed_in_at', u.signed_in_at,
      'has_password', exists (select from leadgen.user_passwords p where p.user_id = u.id),
      'has_app', exists (select from leadgen.user_totp t where t.user_id = u.id),
      'passkeys', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'created_at', k.created_at, 'name', k.name, 'used_at', k.used_at) order by k.id), '[]')
        from leadgen.user_passkeys k where k.user_id = u.id),
      'bindings', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'created_at', b.created_at, 'issuer', b.issuer, 'subject', b.subject,
          'used_at', b.used_at) order by b.id), '[]')
        from leadgen.user_bindings b where b.user_id = u.id),
      'keys', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'created_at', k.created_at, 'name', k.name, 'prefix', k.prefix, 'last_used_at', k.last_used_at,
          'expires_at', k.expires_at, 'revoked_at', k.revoked_at) order by k.id), '[]')
        from leadgen.api_keys k where k.user_id = u.id),
      'known_browsers', (select count(*) from leadgen.user_devices d where d.user_id = u.id),
      'sessions', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'created_at', s.created_at, 'seen_at', s.seen_at, 'expires_at', s.expires_at, 'ended_at', s.ended_at,
          'address', s.address, 'agent', s.agent) order by s.id), '[]')
        from leadgen.user_sessions s where s.user_id = u.id),
      'sign_ins', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'created_at', a.created_at, 'address', a.address, 'outcome', a.outcome) order by a.id), '[]')
        from leadgen.sign_in_attempts a where a.user_id = u.id),
      'mails', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'created_at', m.created_at, 'kind', m.kind, 'sent_at', m.sent_at) order by m.id), '[]')
        from leadgen.user_mails m where m.user_id = u.id))
    from leadgen.users u
    where u.id = p_user_id);
end;
$$;
comment on function identity.export_user(bigint) is
  'What is held of a user: the user, where it was signed in, its sign-ins, passkeys, bindings, keys and mails; null: '
  'no such user.';

create or replace function identity.erase_user(p_user_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
-- The row stays, for what the user did refers to it. It is deactivated first, so that its sessions end as they do then.
-- Sign-ins under way are locked before the user, as finish_sign_in locks them.
declare
  v_user leadgen.users;
  v_email constant text := format('erased-%s@erased.invalid', p_user_id);
begin
  perform from leadgen.sign_in_attempts a where a.user_id = p_user_id order by a.id for update;
  perform identity.check_admin_stays(p_user_id);
  v_user := identity.lock_user(p_user_id);
  if v_user.status <> 'deactivated' then
    perform identity.settle_user(v_user, 'deactivated', p_reason);
  end if;
  delete from leadgen.user_sessions s where s.user_id = p_user_id;
  delete from leadgen.user_devices d where d.user_id = p_user_id;
  delete from leadgen.user_tokens t where t.user_id = p_user_id;
  delete from leadgen.user_mails m where m.user_id = p_user_id;
  delete from leadgen.sign_in_attempts a where a.user_id = p_user_id;
  delete from leadgen.user_recovery_codes r where r.user_id = p_user_id;
  delete from leadgen.user_totp t where t.user_id = p_user_id;
  delete from leadgen.user_passwords p where p.user_id = p_user_id;
  delete from leadgen.user_passkeys k where k.user_id = p_user_id;
  delete from leadgen.user_bindings b where b.user_id = p_user_id;
  delete from leadgen.user_challenges c where c.user_id = p_user_id;
  update leadgen.api_keys k
  set name = 'erased', revoked_at = coalesce(k.revoked_at, leadgen.clock())
  where k.user_id = p_user_id;
  update leadgen.users u
  set email = v_email, wanted_email = null, name = 'erased', company = null, phone = null, updated_at = leadgen.clock()
  where u.id = p_user_id;
  if v_user.email = v_email then
    return false;
  end if;
  perform catalog.note_action('user_erased', format('user %s', p_user_id), v_user.buyer_id,
    format('user %s was erased: %s', p_user_id, p_reason),
    jsonb_build_object('user_id', p_user_id, 'reason', p_reason));
  return true;
end;
$$;
comment on function identity.erase_user(bigint, text) is
  'Strikes a user out: address, name, company and phone, and all by which it signed in; its keys are revoked. It is '
  'deactivated. False: that was done before. LG409 for the only active admin.';
