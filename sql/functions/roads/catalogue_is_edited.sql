-- Road: the catalogue is shown and edited on the console's pages: buyers, enrollments, offers, sources. Who edits has
-- the right to configure and says why; the audit keeps both.

create or replace function roads.list_buyers_for(p_token_hash text, p_text text, p_after bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_buyers(p_text, p_after, leadgen.clock());
end;
$$;
comment on function roads.list_buyers_for(text, text, bigint) is 'The work of leadgen.list_buyers_for.';

create or replace function roads.show_form_for(p_user leadgen.users, p_form text, p_id bigint)
returns jsonb
language plpgsql
stable
as $$
-- Addresses in clear are for those who may change them.
begin
  return jsonb_build_object('me', identity.describe_visitor(p_user), 'form', case
    when (catalog.find_form(p_form)).needs = any (identity.list_rights(p_user.role))
      then console.describe_form(p_form, case when p_id is not null then array[p_id::text] end) end);
end;
$$;
comment on function roads.show_form_for(leadgen.users, text, bigint) is
  'Who looks at a page of the catalogue, and the form of its row: null for who may not configure.';

create or replace function roads.show_new_form_for(p_token_hash text, p_form text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.show_form_for(
    identity.admit_user(p_token_hash, (catalog.find_form(p_form)).needs), p_form, null);
end;
$$;
comment on function roads.show_new_form_for(text, text) is 'The work of leadgen.show_new_form_for.';

create or replace function roads.show_buyer_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
begin
  return console.describe_buyer(p_id, leadgen.clock()) || roads.show_form_for(v_user, 'buyer', p_id);
end;
$$;
comment on function roads.show_buyer_for(text, bigint) is 'The work of leadgen.show_buyer_for.';

create or replace function roads.show_enrollment_for(p_token_hash text, p_id bigint, p_areas text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
begin
  return console.show_enrollment(p_id, p_areas, leadgen.clock()) || roads.show_form_for(v_user, 'enrollment', p_id);
end;
$$;
comment on function roads.show_enrollment_for(text, bigint, text) is 'The work of leadgen.show_enrollment_for.';

create or replace function roads.list_offers_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_offers();
end;
$$;
comment on function roads.list_offers_for(text) is 'The work of leadgen.list_offers_for.';

create or replace function roads.show_offer_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
begin
  return console.describe_offer(p_id, leadgen.clock()) || roads.show_form_for(v_user, 'offer', p_id);
end;
$$;
comment on function roads.show_offer_for(text, bigint) is 'The work of leadgen.show_offer_for.';

create or replace function roads.list_sources_for(p_token_hash text, p_after bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_sources(p_after);
end;
$$;
comment on function roads.list_sources_for(text, bigint) is 'The work of leadgen.list_sources_for.';

create or replace function roads.show_source_for(p_token_hash text, p_id bigint)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.admit_user(p_token_hash, 'read');
begin
  return console.describe_source(p_id, leadgen.clock()) || roads.show_form_for(v_user, 'source', p_id);
end;
$$;
comment on function roads.show_source_for(text, bigint) is 'The work of leadgen.show_source_for.';

create or replace function roads.admit_editor(p_token_hash text, p_form text, p_reason text)
returns void
language plpgsql
volatile
as $$
-- What holds for the whole installation is not changed from a browser that somebody left open.
declare
  v_right constant text := (catalog.find_form(p_form)).needs;
begin
  perform identity.admit_for(p_token_hash, v_right, p_reason);
  if v_right = 'manage' then
    perform identity.check_fresh((identity.open_session(p_token_hash)).session);
  end if;
end;
$$;
comment on function roads.admit_editor(text, text, text) is
  'Admits whoever may edit the rows of a form, with a reason; for settings with a sign-in of the last 15 minutes. '
  'LG400, LG401, LG403.';

create or replace function roads.add_row_for(p_token_hash text, p_form text, p_fields jsonb, p_reason text)
returns bigint
language plpgsql
volatile
as $$
begin
  perform roads.admit_editor(p_token_hash, p_form, p_reason);
  if catalog.moves_address(p_form, null, p_fields) then
    perform identity.check_fresh((identity.open_session(p_token_hash)).session);
  end if;
  return catalog.add_form_row(p_form, p_fields);
end;
$$;
comment on function roads.add_row_for(text, text, jsonb, text) is 'The work of leadgen.add_row_for.';

create or replace function roads.save_row_for(
  p_token_hash text,
  p_form text,
  p_id bigint,
  p_fields jsonb,
  p_stamp text,
  p_reason text
)
returns boolean
language plpgsql
volatile
as $$
begin
  perform roads.admit_editor(p_token_hash, p_form, p_reason);
  if catalog.moves_address(p_form, array[p_id::text], p_fields) then
    perform identity.check_fresh((identity.open_session(p_token_hash)).session);
  end if;
  return catalog.save_form_row(p_form, array[p_id::text], p_fields, p_stamp);
end;
$$;
comment on function roads.save_row_for(text, text, bigint, jsonb, text, text) is 'The work of leadgen.save_row_for.';

create or replace function roads.save_hours_for(
  p_token_hash text,
  p_enrollment_id bigint,
  p_hours text,
  p_stamp text,
  p_reason text
)
returns boolean
language plpgsql
volatile
as $$
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  return catalog.save_hours(p_enrollment_id, p_hours, p_stamp);
end;
$$;
comment on function roads.save_hours_for(text, bigint, text, text, text) is 'The work of leadgen.save_hours_for.';

create or replace function roads.save_areas_for(
  p_token_hash text,
  p_enrollment_id bigint,
  p_areas text,
  p_stamp text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_of record;
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  select e.buyer_id, o.market_id into v_of
  from leadgen.buyer_offers e join leadgen.offers o on o.id = e.offer_id where e.id = p_enrollment_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such enrollment', 'id', coalesce(p_enrollment_id::text, 'nothing'),
      'the id of an enrollment');
  end if;
  return catalog.save_areas(v_of.buyer_id, v_of.market_id, p_areas, p_stamp);
end;
$$;
comment on function roads.save_areas_for(text, bigint, text, text, text) is 'The work of leadgen.save_areas_for.';

create or replace function roads.list_paused_together(p_buyer_id bigint, p_enrollment_id bigint)
returns setof bigint
language plpgsql
stable
as $$
begin
  return query
  select e.id from leadgen.buyer_offers e
  where e.buyer_id = p_buyer_id and e.id = coalesce(p_enrollment_id, e.id)
    and (e.is_active or e.id = p_enrollment_id)
  order by e.id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such enrollment', 'enrollment_id',
      coalesce(p_enrollment_id::text, 'nothing'), 'an enrollment of the buyer');
  end if;
end;
$$;
comment on function roads.list_paused_together(bigint, bigint) is
  'An enrollment of a buyer, or all of them that are in use (null), by id; LG404 when there is none.';

create or replace function roads.pause_buyer_for(
  p_token_hash text,
  p_buyer_id bigint,
  p_enrollment_id bigint,
  p_from text,
  p_until text,
  p_reason text
)
returns integer
language plpgsql
volatile
as $$
declare
  v_id bigint;
  v_count integer := 0;
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  for v_id in select e.id from roads.list_paused_together(p_buyer_id, p_enrollment_id) as e (id) loop
    perform catalog.pause_by_its_clock(v_id, nullif(p_from, ''), nullif(p_until, ''));
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function roads.pause_buyer_for(text, bigint, bigint, text, text, text) is
  'The work of leadgen.pause_buyer_for.';

create or replace function roads.resume_buyer_for(
  p_token_hash text,
  p_buyer_id bigint,
  p_enrollment_id bigint,
  p_reason text
)
returns integer
language plpgsql
volatile
as $$
declare
  v_id bigint;
  v_count integer := 0;
begin
  perform identity.admit_for(p_token_hash, 'configure', p_reason);
  for v_id in select e.id from roads.list_paused_together(p_buyer_id, p_enrollment_id) as e (id) loop
    v_count := v_count + catalog.resume_enrollment(v_id)::integer;
  end loop;
  return v_count;
end;
$$;
comment on function roads.resume_buyer_for(text, bigint, bigint, text) is 'The work of leadgen.resume_buyer_for.';
