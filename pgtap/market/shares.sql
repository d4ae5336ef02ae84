-- keep_shares: a new weight leaves everybody as many leads ahead or behind as before.
begin;
select plan(5);

create function pg_temp.sold(p_offer_id bigint, p_leads integer) returns text language plpgsql as $$
-- To whom so many leads go: A 12, B 12.
begin
  for i in 1 .. p_leads loop
    perform testkit.submit(p_offer_id, p_number => nextval('testkit.numbers')::integer % 5000 + 5000);
  end loop;
  return (
    select string_agg(format('%s %s', x.name, x.leads), ', ' order by x.name)
    from (
      select b.name, count(*) as leads
      from (select a.* from leadgen.lead_assignments a where a.offer_id = p_offer_id order by a.id desc limit p_leads) s
      join leadgen.buyers b on b.id = s.buyer_id
      group by b.name
    ) x
  );
end;
$$;
create function pg_temp.two(p_weight numeric) returns bigint language sql as $$
  select o.id from (select testkit.make_offer('{"duplicate_window_hours": 0}', '{"strategy": "weighted"}') as id) o,
    testkit.enroll_buyer(o.id, 'Ace', jsonb_build_object('weight', p_weight)) a,
    testkit.enroll_buyer(o.id, 'Best', jsonb_build_object('weight', p_weight)) b;
$$;
create temp table offers as select f.n, f.before, f.after, pg_temp.two(f.before) as id
from (values (1, 1::numeric, 100::numeric), (2, 0.001, 10), (3, 100, 1)) as f (n, before, after);
select pg_temp.sold(id, 1) from offers;
update leadgen.buyer_offers bo set weight = o.after from offers o where bo.offer_id = o.id;
select is(pg_temp.sold(id, 24), 'Ace 12, Best 12', format('both from %s to %s: shares stay even', before, after)) from offers;

-- One of two alone: the other keeps its place, and shares follow the new weights from now on.
update leadgen.buyer_offers bo set weight = 3 * o.after from offers o, leadgen.buyers b
where o.n = 3 and bo.offer_id = o.id and b.id = bo.buyer_id and b.name = 'Ace';
select matches(pg_temp.sold(id, 40), '^Ace (29|30|31), Best (9|10|11)$', 'three times the weight, three times the leads, within one')
from offers where n = 3;
select is((select count(*) from leadgen.enrollment_usage u where u.finish_tag = 'NaN' or abs(u.finish_tag) = 'infinity'), 0::bigint,
  'tags are numbers');

select * from finish();
rollback;
