-- Marks of the feed: where a turn begins, by who is writing. With two sessions: tests/api/test_feed.py.
begin;
select plan(9);
-- Of a table of which 20 was the latest row, where a has been writing since 12 was, and b since 20 was.
create function pg_temp.moved(p_latest_id bigint, p_writers text[]) returns leadgen.feed_marks language sql as $$
  select outbox.move_feed_mark(row('event', 10, 20, '{a,b}', 20, '{12,20}')::leadgen.feed_marks, p_latest_id, p_writers)
$$;
create function pg_temp.settled(p_mark leadgen.feed_marks) returns bigint language sql as $$
  select outbox.set_feed_mark(p_mark);
  select m.settled_id from leadgen.feed_marks m where m.origin = p_mark.origin
$$;

select is((pg_temp.moved(30, '{a,b}')).scanned_id, 20::bigint, 'while those who write go on, a turn begins where the last one ended');
select is((pg_temp.moved(30, '{b}')).scanned_id, 12::bigint, 'of one that has ended, all that it may have committed is looked for');
select is((pg_temp.moved(30, '{a,b,c}')).floors, '{12,20,20}'::bigint[], 'the rows of one that is new are above what was the latest');
select is((pg_temp.moved(30, '{a,-1/77}')).floors, '{12,10}'::bigint[], 'a prepared transaction may have taken its ids long ago');
select is((pg_temp.moved(30, '{a}')).mark_id, 30::bigint, 'the latest row is kept for the next turn');
select is((pg_temp.moved(null, '{a}')).mark_id, 20::bigint, 'a table that was emptied moves no mark back');
select is((outbox.move_feed_mark(row('event', 10, 20, '{a}', null, '{}')::leadgen.feed_marks, 30, '{}')).scanned_id, 10::bigint,
  'a mark of the release before begins where all was settled');
select is(pg_temp.settled(row('event', 10, 30, '{a}', 25, '{12}')), 12::bigint, 'what somebody may still commit is not settled');
select is(pg_temp.settled(row('event', 12, 30, '{}', 25, '{}')), 25::bigint, 'what was looked through is, once nobody writes');

select * from finish();
rollback;
