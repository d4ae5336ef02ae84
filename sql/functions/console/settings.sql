-- Settings on pages: what holds for the whole installation, each table with its rows. No secret is among them.

create or replace function console.list_settings()
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'settings', console.describe_form('settings', '{true}') -> 'fields',
    'billing', console.describe_form('billing_settings', '{true}') -> 'fields',
    'facts', (
      select jsonb_build_object('seals', s.seals, 'allows_local_webhooks', s.allows_local_webhooks)
      from leadgen.settings s),
    'rate_limits', (
      select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'subject', r.subject, 'amount', r.amount,
        'per_seconds', r.per_seconds, 'is_active', r.is_active) order by r.name, r.subject <> '*', r.subject), '[]')
      from (select l.* from leadgen.rate_limits l order by l.name, l.subject <> '*', l.subject limit 500) r),
    'retention_rules', (
      select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'keep', r.keep, 'is_active', r.is_active,
        'description', r.description, 'strikes', r.strikes) order by r.position), '[]')
      from leadgen.retention_rules r),
    'chores', (
      select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'pause', c.pause, 'is_active', c.is_active,
        'description', c.description) order by c.position), '[]')
      from leadgen.chores c));
end;
$$;
comment on function console.list_settings() is
  'What holds for the whole installation: settings and billing settings as fields, what programs wrote there, rate '
  'limits (500 at most), retention rules and chores.';
