-- The API: what it may call, by who is behind the call; it sees no table.
grant usage on schema leadgen to leadgen_api;

-- Senders hand leads in.
grant execute on function leadgen.submit_lead(jsonb, jsonb, boolean) to leadgen_api;
grant execute on function leadgen.submit_leads(jsonb[], jsonb[], boolean) to leadgen_api;
grant execute on function leadgen.check_source_key(text) to leadgen_api;
grant execute on function leadgen.find_form_pages(jsonb, jsonb) to leadgen_api;
grant execute on function leadgen.record_mail_domain(text, text) to leadgen_api;
grant execute on function leadgen.keep_refused(text, text, jsonb, jsonb, bigint, integer) to leadgen_api;
grant execute on function leadgen.lease_posts(text, text, integer) to leadgen_api;
grant execute on function leadgen.list_rate_limits() to leadgen_api;

-- Ad networks post them in their own form.
grant execute on function leadgen.open_post(text, bytea, jsonb) to leadgen_api;
grant execute on function leadgen.submit_mapped_lead(text, bytea, jsonb, integer, jsonb, boolean) to leadgen_api;
grant execute on function leadgen.verify_subscription(text, text) to leadgen_api;

-- Buyers answer for their sales, by key or by the link in a message.
grant execute on function leadgen.answer_sale(text, bigint, text, text, text) to leadgen_api;
grant execute on function leadgen.show_sale(text, bigint) to leadgen_api;
grant execute on function leadgen.list_return_reasons() to leadgen_api;
grant execute on function leadgen.read_link(text) to leadgen_api;
grant execute on function leadgen.answer_by_link(text, text, text) to leadgen_api;

-- Operators read why a lead went where it did.
grant execute on function leadgen.explain_lead_for(text, bigint) to leadgen_api;

-- The SMS provider reports, and the load balancer asks.
grant execute on function leadgen.record_sms_status(uuid, text, text, integer) to leadgen_api;
grant execute on function leadgen.is_ready() to leadgen_api;
