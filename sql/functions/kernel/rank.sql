-- Rank: the order of the candidates that pass.

create or replace function kernel.rank_candidates(p_snapshot kernel.snapshot, p_reasons text[], p_strategy text[])
returns integer[]
language plpgsql
immutable
as $$
-- To read the compiled body, in psql: \sf kernel.rank_candidates
begin
  raise 'compiled by catalog.compile_kernel';
end;
$$;
comment on function kernel.rank_candidates(kernel.snapshot, text[], text[]) is
  'Step rank: the positions of the passing candidates, best first, by the strategy, then its tie-breakers (at most '
  'five in all), then who has waited longest for a lead, then enrollment id. Compiled from leadgen.strategies. By the '
  'first edition (snapshot.edition null), by which old records replay, ties went by enrollment id at once.';
