-- The worker: may claim and complete deliveries, route held leads, settle and release sales; sees no table.
grant usage on schema leadgen to leadgen_worker;
grant execute on function leadgen.claim_deliveries(text, integer, interval) to leadgen_worker;
grant execute on function leadgen.record_attempts(jsonb, integer, interval) to leadgen_worker;
grant execute on function leadgen.release_deliveries(uuid[]) to leadgen_worker;
grant execute on function leadgen.take_nap(text, interval) to leadgen_worker;
grant execute on function leadgen.route_held_lead() to leadgen_worker;
grant execute on function leadgen.settle_answers() to leadgen_worker;
grant execute on function leadgen.release_due_sale() to leadgen_worker;
