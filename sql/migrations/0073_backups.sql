-- Backups that succeeded, so that doctor sees when there was none.

create table leadgen.backups (
  id bigint generated always as identity primary key,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  tool text not null,
  label text not null,
  bytes bigint,
  is_verified boolean not null,
  recorded_by text not null default session_user,

  constraint backups_tool_known check (tool in ('pg_basebackup', 'pgbackrest', 'pg_dump', 'snapshot', 'other')),
  constraint backups_label_bounded check (length(label) between 1 and 200),
  constraint backups_bytes_not_negative check (bytes >= 0),
  constraint backups_ends_after_it_begins check (started_at <= finished_at)
);
create index idx_backups_finished_at on leadgen.backups (finished_at desc);
