-- Rights: what a person who is signed in may see and do on our pages. A page asks for one right, and the database
-- judges: what is hidden from somebody is refused as well.

create or replace function identity.list_rights(p_role text)
returns text[]
language plpgsql
immutable parallel safe
as $$
begin
  return case p_role
    when 'admin' then '{read,work,decide,money,open,erase,configure,manage}'
    when 'operator' then '{read,work,decide,open,configure}'
    when 'finance' then '{read,decide,money}'
    when 'analyst' then '{read}'
    when 'buyer' then '{buy}'
    else '{}' end::text[];
end;
$$;
comment on function identity.list_rights(text) is
  'What a role may do on our pages. In the console: read: its pages; work: send, route, resubmit, test; decide: '
  'returns; money: book, send and credit; open: read a contact, with a reason; erase: persons; configure: policies '
  'and the catalogue; manage: users, keys of operators and users, and settings. In the portal: buy: its pages; an '
  'owner may also manage (identity.list_own_rights).';

create or replace function identity.admit_user(p_token_hash text, p_right text)
returns leadgen.users
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := (identity.open_session(p_token_hash)).holder;
begin
  if p_right <> all (identity.list_rights(v_user.role)) then
    perform kernel.refuse('LG403', 'Your user may not do this', 'role', v_user.role, (
      select string_agg(r.role, ', ' order by r.place)
      from unnest('{admin,operator,finance,analyst}'::text[]) with ordinality as r (role, place)
      where p_right = any (identity.list_rights(r.role))), 'Ask an admin.');
  end if;
  return v_user;
end;
$$;
comment on function identity.admit_user(text, text) is
  'The user of a session, if its role has a right of the console; LG401 without a session in force, LG403 without the '
  'right.';

create or replace function identity.admit_for(p_token_hash text, p_right text, p_reason text)
returns leadgen.users
language plpgsql
volatile
as $$
-- The reason is of this transaction: entries of the audit that it makes carry it.
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, p_right);
  v_reason constant text := ref.collapse_space(p_reason);
begin
  if (length(v_reason) between 1 and 500) is not true then
    perform kernel.refuse('LG400', 'A reason is needed', 'reason',
      coalesce(kernel.count_of(length(v_reason), 'character'), 'nothing'), '1 to 500 characters, without names');
  end if;
  perform set_config('leadgen.reason', v_reason, true);
  return v_user;
end;
$$;
comment on function identity.admit_for(text, text, text) is
  'admit_user, for what is done with a reason, which the audit keeps: LG400 without one.';

create or replace function identity.admit_afresh(p_token_hash text, p_right text, p_reason text)
returns leadgen.users
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, p_right, p_reason);
  perform identity.check_fresh((identity.open_session(p_token_hash)).session);
  return identity.admit_user(p_token_hash, p_right);
end;
$$;
comment on function identity.admit_afresh(text, text, text) is
  'admit_for, for what needs a sign-in of the last 15 minutes: LG403 in an older session.';

create or replace function identity.describe_visitor(p_user leadgen.users)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object('id', p_user.id, 'name', p_user.name, 'email', p_user.email, 'role', p_user.role,
    'buyer_id', p_user.buyer_id, 'member_kind', p_user.member_kind,
    'rights', to_jsonb(identity.list_own_rights(p_user)));
end;
$$;
comment on function identity.describe_visitor(leadgen.users) is
  'Who looks at a page: what the head of each page says, and by what it shows buttons.';
