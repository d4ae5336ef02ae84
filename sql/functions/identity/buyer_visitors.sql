-- A buyer's person on the pages of the portal: who it is, and that the transaction acts for its buyer.

create or replace function identity.list_own_rights(p_user leadgen.users)
returns text[]
language plpgsql
immutable
as $$
begin
  return identity.list_rights(p_user.role)
    || case when p_user.role = 'buyer' and p_user.member_kind = 'owner' then '{manage}' else '{}' end::text[];
end;
$$;
comment on function identity.list_own_rights(leadgen.users) is
  'What a user may do on our pages: the rights of its role, and manage for an owner of a buyer: its pauses, its team '
  'and its keys.';

create or replace function identity.admit_buyer(p_token_hash text, p_right text default 'buy')
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- From here on row-level security leaves functions of leadgen_reader the rows of this buyer alone.
declare
  v_user constant leadgen.users := (identity.open_session(p_token_hash)).holder;
begin
  if v_user.buyer_id is null then
    perform kernel.refuse('LG403', 'The portal is for people of a buyer', 'role', v_user.role::text,
      'a user of a buyer');
  elsif p_right <> all (identity.list_own_rights(v_user)) then
    perform kernel.refuse('LG403', 'Only an owner may do this', 'member_kind', coalesce(v_user.member_kind, 'none'),
      'owner', 'Ask an owner of your account.');
  end if;
  perform identity.act_as('buyer', v_user.buyer_id);
  return identity.describe_visitor(v_user);
end;
$$;
comment on function identity.admit_buyer(text, text) is
  'The user of a session, if it is of a buyer and has a right of the portal; the transaction then acts for its buyer. '
  'Also for functions of leadgen_reader, which begin with it. LG401 without a session in force, LG403 without the '
  'right.';
