create or replace function leadgen.find_virtual_time(p_candidates leadgen.candidate[], p_reasons text[])
returns double precision
language plpgsql
immutable
as $$
-- Strategy weighted is earliest eligible virtual deadline first (EEVDF, Stoica and Abdel-Wahab 1995). A buyer's next lead
-- starts when its latest is paid off (1 / weight a lead); virtual time is the mean of the passing buyers' starts by weight,
-- so what one is ahead the others are behind; of those that have started, the one that would finish first is served.
-- That keeps every share within about one lead of exact, whoever comes and goes.
declare
  v_stored constant double precision := (select max(c.virtual_time) from unnest(p_candidates) c);
begin
  return (
    select
      sum(c.weight::double precision * leadgen.find_start_tag(c.finish_tag, c.weight, v_stored))
      / sum(c.weight::double precision)
    from unnest(p_candidates) with ordinality as c
    where p_reasons[c.ordinality] is null
  );
end;
$$;
comment on function leadgen.find_virtual_time(leadgen.candidate[], text[]) is
  'Strategy weighted: the virtual time of this lead, at which at least one passing candidate may start; null when none passes.';
