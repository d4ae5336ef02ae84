-- The feed remembers of each transaction that writes above which id its rows are: one that stays open for long is looked
-- for once, when it has ended, and not at every turn.
alter table leadgen.feed_marks
  add column scanned_id bigint,
  add column floors bigint[] not null default '{}';
