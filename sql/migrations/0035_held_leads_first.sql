-- What a decision is made from: by which edition of the ranking rules, how many leads each candidate had on the day (for
-- least_filled), and which held leads were due when a new lead came. Decisions that are there have nothing of it.
-- squawk-ignore-file prefer-bigint-over-smallint
alter type kernel.snapshot
  add attribute edition integer,
  add attribute sales_today integer[],
  add attribute went_first bigint[],
  add attribute behind_lead_id bigint;
alter type rehearsal.terms
  add attribute recorded_weights numeric[];
alter table leadgen.lead_decisions
  add column edition smallint,
  add column sales_today integer[],
  add column went_first bigint[],
  add column behind_lead_id bigint;
