-- Backups: when one succeeded, so that its absence is seen. Whoever makes one says so afterwards.

create or replace function catalog.record_backup(
  p_tool text,
  p_label text,
  p_started_at timestamptz,
  p_bytes bigint,
  p_is_verified boolean
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_id bigint;
begin
  if p_label is null or p_label !~ '^[[:print:]]{1,200}$' then
    perform kernel.refuse('LG400', 'A backup has a label', 'label', left(p_label, 50), '1 to 200 printable characters');
  elsif p_started_at > clock_timestamp() + interval '1 minute' then
    perform kernel.refuse('LG400', 'A backup began before it was recorded', 'started_at', p_started_at::text,
      'a time of the past');
  end if;
  insert into leadgen.backups (started_at, finished_at, tool, label, bytes, is_verified)
  values (p_started_at, greatest(p_started_at, clock_timestamp()), p_tool, p_label, p_bytes, p_is_verified)
  returning id into v_id;
  return v_id;
end;
$$;
comment on function catalog.record_backup(text, text, timestamptz, bigint, boolean) is
  'The work of leadgen.record_backup.';

create or replace function catalog.diagnose_backups()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- One a day, and a week at most. By the machine's clock, for a backup knows no other.
  select
    'backups',
    case
      when b.finished_at < clock_timestamp() - interval '8 days' then 'fail'
      when b.finished_at is null or b.finished_at < clock_timestamp() - interval '26 hours' or not b.is_verified
        then 'warn'
      else 'ok' end,
    case when b.finished_at is null then 'none is recorded'
      else format('last: %s by %s, %s ago, %s', b.label, b.tool, catalog.show_age(clock_timestamp() - b.finished_at),
        case when b.is_verified then 'verified' else 'not verified' end) end,
    case
      when b.finished_at is null or b.finished_at < clock_timestamp() - interval '26 hours'
        then 'leadgen backup take DIRECTORY; one by another tool: leadgen backup record --tool pgbackrest LABEL'
      when not b.is_verified then 'leadgen backup verify DIRECTORY' end
  from (select) nothing
  left join (select k.* from leadgen.backups k order by k.finished_at desc limit 1) b on true;
$$;
comment on function catalog.diagnose_backups() is 'When the last backup succeeded, as far as it was recorded.';

create or replace function catalog.show_age(p_age interval)
returns text
language plpgsql
immutable strict parallel safe
as $$
declare
  v_seconds constant numeric := greatest(extract(epoch from p_age), 0);
begin
  return case
    when v_seconds < 120 then format('%s s', floor(v_seconds))
    when v_seconds < 7200 then format('%s min', floor(v_seconds / 60))
    when v_seconds < 172800 then format('%s h', floor(v_seconds / 3600))
    else format('%s days', floor(v_seconds / 86400))
  end;
end;
$$;
comment on function catalog.show_age(interval) is 'A span of time for people, in one unit: 95 s, 7 min, 30 h, 12 days.';
