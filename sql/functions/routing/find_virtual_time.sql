create or replace function leadgen.find_virtual_time(p_candidates leadgen.candidate[], p_reasons text[])
returns double precision
language plpgsql
immutable
as $$
-- Weighted fair queueing (WF2Q+, Bennett and Zhang 1996). Virtual time runs 1 / (sum of weights) a lead; a buyer's next
-- lead starts when its latest is paid off, and of those that have started, the one that would finish first is served.
-- That keeps every share within about one lead of exact at every moment.
begin
  return (
    select greatest(
      (select max(c.virtual_time) from unnest(p_candidates) c),
      (
        select min(c.finish_tag)
        from unnest(p_candidates) with ordinality as c
        where p_reasons[c.ordinality] is null
      )
    )
  );
end;
$$;
comment on function leadgen.find_virtual_time(leadgen.candidate[], text[]) is
  'Strategy weighted: the offer''s virtual time, at which at least one passing candidate may start.';
