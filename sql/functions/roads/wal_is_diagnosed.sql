-- Road: somebody asks how the server does: standbys, slots and the archive of its WAL. See server_is_diagnosed.sql.

create or replace function roads.diagnose_replication()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
begin
  if pg_is_in_recovery() then
    return query select * from roads.diagnose_standby();
  elsif not catalog.can_see_sessions() then
    return query
    select 'replication', 'skip', 'not visible: as a superuser, grant pg_read_all_stats to leadgen_owner', null;
  else
    return query select * from roads.diagnose_standbys();
  end if;
end;
$$;
comment on function roads.diagnose_replication() is
  'How far standbys and receivers of WAL are behind, or this standby.';

create or replace function roads.diagnose_standbys()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- With synchronous_standby_names and nobody who answers to one, each commit waits for ever.
  select
    'replication',
    case
      when s.waits and n.synchronous = 0 then 'fail'
      when n.behind > 1073741824 or n.lag > interval '1 minute' then 'warn'
      else 'ok' end,
    case
      when s.waits and n.synchronous = 0
        then format('no receiver is connected of those that synchronous_standby_names asks for (%s): commits wait',
          current_setting('synchronous_standby_names'))
      when n.receivers = 0 then 'there are no standbys'
      else format('receivers: %s, synchronous: %s; the last is %s behind', n.receivers, n.synchronous,
        pg_size_pretty(coalesce(n.behind, 0))) end,
    case
      when s.waits and n.synchronous = 0
        then 'start the receiver or the standby again (docs/runbooks/failover.md); meanwhile leads are not answered'
      when n.behind > 1073741824 or n.lag > interval '1 minute'
        then 'select application_name, state, replay_lag from pg_stat_replication; see its disk, network and log' end
  from (
    select current_setting('synchronous_standby_names') <> ''
      and current_setting('synchronous_commit') not in ('off', 'local') as waits
  ) s
  cross join (
    select
      count(*) as receivers,
      count(*) filter (where r.sync_state in ('sync', 'quorum')) as synchronous,
      max(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(r.replay_lsn, r.flush_lsn))) as behind,
      max(greatest(r.replay_lag, r.flush_lag)) as lag
    from pg_stat_replication r
    where r.application_name <> 'pg_basebackup'
  ) n;
$$;
comment on function roads.diagnose_standbys() is 'Who receives the WAL of this server, and how far behind.';

create or replace function roads.diagnose_standby()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- On a quiet primary the time since the last transaction says nothing; what was received and not replayed does.
  select
    'replication',
    case when n.receivers = 0 then 'fail' when n.behind > 1073741824 then 'warn' else 'ok' end,
    format('this is a standby; received and not replayed: %s; last transaction replayed %s ago',
      pg_size_pretty(coalesce(n.behind, 0)),
      coalesce(catalog.show_age(clock_timestamp() - pg_last_xact_replay_timestamp()), 'never'))
    || case when n.receivers = 0 then '; nothing is received' else '' end,
    case when n.receivers = 0 then 'is the primary there? If it is lost: docs/runbooks/failover.md'
      when n.behind > 1073741824 then 'end long queries on this standby, or give it a faster disk' end
  from (
    select
      (select count(*) from pg_stat_wal_receiver) as receivers,
      pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) as behind
  ) n;
$$;
comment on function roads.diagnose_standby() is 'How far this standby is behind.';

create or replace function roads.diagnose_slots()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
-- A slot that nobody reads keeps WAL until the disk is full, and a logical one old rows of catalogues, too.
  select
    'slots',
    case
      when bool_or(x.is_lost or x.held > 10737418240) then 'fail'
      when bool_or(not x.active or x.held > 1073741824) then 'warn'
      else 'ok' end,
    case when count(*) = 0 then 'there are none'
      else format('%s, of these nobody reads: %s; most is held by %s: %s',
        count(*), count(*) filter (where not x.active),
        (array_agg(x.slot_name order by x.is_lost desc, x.held desc nulls last))[1],
        coalesce(pg_size_pretty(max(x.held)), 'nothing'))
      || coalesce('; lost its WAL: ' || string_agg(x.slot_name, ', ') filter (where x.is_lost), '') end,
    case when bool_or(x.is_lost or not x.active or x.held > 1073741824)
      then format('start its reader again; if there is none any more: select pg_drop_replication_slot(%L)',
        (array_agg(x.slot_name order by x.is_lost desc, x.active, x.held desc nulls last))[1]) end
  from (
    select
      s.slot_name, s.active, s.wal_status in ('unreserved', 'lost') as is_lost,
      pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
        s.restart_lsn) as held
    from pg_replication_slots s
    where not s.temporary
  ) x;
$$;
comment on function roads.diagnose_slots() is
  'Replication slots, whether somebody reads them, and how much WAL they keep.';

create or replace function roads.diagnose_archive()
returns table (subject text, verdict text, finding text, remedy text)
language sql
stable
as $$
  select
    'archive',
    case when x.is_failing then 'fail' when x.is_kept then 'ok' else 'warn' end,
    case
      when x.is_failing then format('archive_command fails since %s UTC, at %s; archived last: %s',
        to_char(x.last_failed_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), x.last_failed_wal,
        coalesce(to_char(x.last_archived_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), 'never'))
      when x.is_archived then 'WAL is archived; last: '
        || coalesce(to_char(x.last_archived_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), 'nothing yet')
      when x.is_kept then 'a receiver or a slot keeps the WAL'
      else 'WAL is kept nowhere else: with the disk everything since the last backup is lost' end,
    case
      when x.is_failing
        then 'see the server''s log for what archive_command says; if there is no room: docs/runbooks/disk-full.md'
      when not x.is_kept then 'docs/how-to/back-up.md: receive or archive the WAL' end
  from (
    select
      a.*, mode.is_archived,
      mode.is_archived and a.last_failed_time > coalesce(a.last_archived_time, '-infinity') as is_failing,
      mode.is_archived or exists (select from pg_replication_slots s where s.active)
      or exists (select from pg_stat_replication r where r.application_name <> 'pg_basebackup') as is_kept
    from pg_stat_archiver a
    cross join (select current_setting('archive_mode') <> 'off' as is_archived) mode
  ) x;
$$;
comment on function roads.diagnose_archive() is 'Whether the WAL is kept elsewhere, and whether archiving fails.';
