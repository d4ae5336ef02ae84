create or replace function leadgen.suppress(
  p_kind text,
  p_value text,
  p_reason text default null,
  p_expires_at timestamptz default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_expires_at <= leadgen.clock() then
    perform leadgen.refuse('LG400', 'The suppression would be over before it begins', 'expires_at', 'a time that has passed',
      'a time to come, or null: for ever');
  end if;
  insert into leadgen.suppressions (kind, value_hash, created_at, reason, expires_at)
  values (p_kind, leadgen.hash_contact(p_kind, leadgen.normalize_contact(p_kind, p_value)), leadgen.clock(), p_reason, p_expires_at)
  on conflict (kind, value_hash) do update set
    created_at = excluded.created_at,
    created_by = excluded.created_by,
    reason = excluded.reason,
    expires_at = excluded.expires_at;
end;
$$;
comment on function leadgen.suppress(text, text, text, timestamptz) is
  'Refuses every lead from now on that carries a contact: kind phone, email or email_domain; until a time if given. Again: the reason and the time are replaced.';
