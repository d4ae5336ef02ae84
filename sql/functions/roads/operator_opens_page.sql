-- Road: an operator opens a page of the console.

create or replace function roads.admit_reader(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return jsonb_build_object('me', identity.describe_visitor(identity.admit_user(p_token_hash, 'read')));
end;
$$;
comment on function roads.admit_reader(text) is
  'Who reads, as each page says it: {me}. LG401 without a session, LG403 without the right.';

create or replace function roads.show_today_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.describe_today(leadgen.clock());
end;
$$;
comment on function roads.show_today_for(text) is 'The work of leadgen.show_today.';

create or replace function roads.list_quarantine_for(p_token_hash text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_quarantine(p_before);
end;
$$;
comment on function roads.list_quarantine_for(text, bigint) is 'The work of leadgen.list_quarantine_for.';

create or replace function roads.list_held_for(p_token_hash text, p_after bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_held(p_after);
end;
$$;
comment on function roads.list_held_for(text, bigint) is 'The work of leadgen.list_held_for.';

create or replace function roads.list_returns_for(p_token_hash text, p_status text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_returns(p_status, p_before);
end;
$$;
comment on function roads.list_returns_for(text, text, bigint) is 'The work of leadgen.list_returns_for.';

create or replace function roads.list_deliveries_for(p_token_hash text, p_status text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_deliveries(p_status, p_before);
end;
$$;
comment on function roads.list_deliveries_for(text, text, bigint) is 'The work of leadgen.list_deliveries_for.';

create or replace function roads.list_endpoints_for(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_endpoints(leadgen.clock());
end;
$$;
comment on function roads.list_endpoints_for(text) is 'The work of leadgen.list_endpoints_for.';

create or replace function roads.list_events_for(p_token_hash text, p_kind text, p_before bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.admit_reader(p_token_hash) || console.list_events(p_kind, p_before);
end;
$$;
comment on function roads.list_events_for(text, text, bigint) is 'The work of leadgen.list_events_for.';
