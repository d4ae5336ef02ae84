-- The registry of policy keys. A new validation rule is a function in sql/functions/rules and a row here.
-- Positions leave room: they give the order in which rules run and failures are reported.
create temp table declared_keys (like leadgen.policy_keys including defaults) on commit drop;

insert into declared_keys (kind, key, position, rule_function, is_always_on, value_schema, description)
values
  ('validation', 'core_fields', 10, 'core_fields', true, '{}',
    'Name, email, phone and postal_code are present and well-formed. Always on.'),
  ('validation', 'suppressed', 15, 'suppressed', true, '{}',
    'The contact is not on the suppression list (leadgen.suppress). Always on.'),
  ('validation', 'required_fields', 20, 'required_fields', false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "format": "field"}}',
    'Fields that must be there: core fields or attributes.x.'),
  ('validation', 'allowed_country_codes', 40, 'allowed_country_codes', false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "pattern": "^[A-Z]{2}$",
      "description": "an ISO 3166-1 code such as US"}}',
    'Countries that are served.'),
  ('validation', 'allowed_region_codes', 50, 'allowed_region_codes', false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "pattern": "^[A-Z]{2}-[A-Z0-9]{1,3}$",
      "description": "an ISO 3166-2 code such as US-TX"}}',
    'Regions (ISO 3166-2) that are served.'),
  ('validation', 'phone_region', 80, 'phone_region', false,
    '{"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", "description": "a country (US) or a region (US-TX)"}',
    'Where the phone number must be valid.'),
  ('validation', 'disposable_email_blocklist_enabled', 90, 'disposable_email', false, '{"type": "boolean"}',
    'Refuse e-mail domains that give out disposable addresses.'),
  ('validation', 'mx_lookup_enabled', 105, 'mx_lookup', false, '{"type": "boolean"}',
    'The e-mail domain must take mail; it is looked up before the transaction and remembered for 24 hours.'),
  ('validation', 'mx_unknown', 106, null, false, '{"enum": ["pass", "fail"]}',
    'What happens to a lead whose e-mail domain could not be looked up; default pass.'),
  ('validation', 'duplicate_window_hours', 110, 'duplicate', true,
    '{"type": "number", "minimum": 0, "maximum": 8784}',
    'Hours within which the same contact is a duplicate; default from leadgen.settings, 0 turns it off.'),
  ('validation', 'duplicate_match', 111, null, false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["phone", "email", "mailbox"]}}',
    'What makes two contacts the same; default both phone and email. With mailbox also other addresses of the same mailbox: plus tags, '
    'and what leadgen.mail_providers says of the domain (jdoe@gmail.com is j.doe+roof@googlemail.com); for contact_window_days, too. '
    'Empty values never match.'),
  ('validation', 'duplicate_match_mode', 112, null, false, '{"enum": ["any", "all"]}',
    'Whether one equal field is enough (any, the default) or all must be equal.'),
  ('validation', 'duplicate_scope', 113, null, false, '{"enum": ["offer", "vertical", "market", "global"]}',
    'Where earlier leads count; default offer.'),
  ('validation', 'consent_required', 120, 'consent_required', false, '{"type": "boolean"}',
    'The person must have consented.'),
  ('validation', 'consent_max_age_hours', 130, 'consent_max_age', false, '{"type": "number", "minimum": 0.01, "maximum": 87840}',
    'How old the consent (consent_at) may be.'),
  ('validation', 'consent_certificate_required', 140, 'consent_certificate', false, '{"type": "boolean"}',
    'A consent certificate must come with the lead.'),
  ('validation', 'max_per_ip_per_hour', 146, 'max_per_ip', false, '{"type": "integer", "minimum": 1, "maximum": 1000}',
    'Leads, valid or not, that the offer takes from one IP address in 60 minutes.'),
  ('validation', 'max_per_phone_per_day', 147, 'max_per_phone', false, '{"type": "integer", "minimum": 1, "maximum": 1000}',
    'Leads, valid or not, that the offer takes with one phone number in 24 hours.'),
  ('validation', 'honeypot', 148, 'honeypot', false, '{"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,59}$",
      "description": "the name of an attribute: a letter, then letters, digits and _"}',
    'An attribute that the form hides from people and that must stay empty: only a bot fills it in. Empty, it is left out of the lead.'),
  ('validation', 'form_token', 149, 'form_token', false,
    '{"type": "object", "additionalProperties": false, "properties": {
      "min_seconds": {"type": "number", "minimum": 0, "maximum": 600}, "max_minutes": {"type": "number", "minimum": 1, "maximum": 10080}}}',
    'A lead without an API key must have the form_token that its page asked for (GET /api/form-token) at least min_seconds (default 0) '
    'and at most max_minutes (default 1440) before it was sent.'),
  ('validation', 'min_message_length', 160, 'min_message_length', false, '{"type": "integer", "minimum": 1, "maximum": 10000}',
    'Characters that a message must have.'),
  ('validation', 'roof_age_years', 170, 'roof_age', false,
    '{"type": "object", "additionalProperties": false, "minProperties": 1, "ordered": [["minimum", "maximum"]], "properties": {
      "minimum": {"type": "number", "minimum": 0, "maximum": 1000}, "maximum": {"type": "number", "minimum": 0, "maximum": 1000}}}',
    'How old the roof (attributes.roof_age, in years) must be.'),

  ('routing', 'strategy', 10, null, false, '{"enum": ["priority", "round_robin", "weighted", "highest_price", "least_filled"]}',
    'Who is served first: the higher routing_priority (default), the longest without a lead, shares by weight, who pays most, '
    'or the lowest used share of its fullest cap or budget (least_filled). By least_filled, buyers without any cap or budget go by '
    'their leads so far today, and before a buyer with one only if they had fewer leads today.'),
  ('routing', 'tie_breakers', 20, null, false,
    '{"type": "array", "minItems": 1, "uniqueItems": true,
      "items": {"enum": ["priority", "round_robin", "weighted", "highest_price", "least_filled"]}}',
    'Strategies that decide among equals, in this order. Those who are still equal go by the longest without a lead, then by the '
    'enrollment''s id.'),
  ('routing', 'max_buyers', 30, null, false, '{"type": "integer", "minimum": 1, "maximum": 20}',
    'How many buyers get the lead; 1 (default) is an exclusive sale.'),
  ('routing', 'exclusivity', 40, null, false,
    '{"type": "object", "additionalProperties": false, "properties": {
      "scopes": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["postal_code", "city"]}},
      "when_unavailable": {"enum": ["fall_through", "hold", "reject"]}}}',
    'Which exclusivities count, in this order (default postal_code, city), '
    || 'and what happens while the exclusive buyer cannot take a lead (default fall_through). hold waits for what may pass: a cap, a '
    || 'budget, hours, a pause with an end, a balance. For all else (it had the lead, bought the contact, is not enrolled, is '
    || 'switched off, does not take such leads) the lead falls through.'),
  ('routing', 'on_no_buyer', 50, null, false, '{"enum": ["hold", "reject"]}',
    'Whether a lead that no buyer can take is offered again later (hold, the default) or stays unsold.'),
  ('routing', 'hold_hours', 60, null, false, '{"type": "number", "minimum": 0.01, "maximum": 2160}',
    'How long an unsold lead is held; default 24.'),
  ('routing', 'caps', 70, null, false,
    '{"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
      "per_hour": {"type": "integer", "minimum": 0}, "per_day": {"type": "integer", "minimum": 0},
      "per_week": {"type": "integer", "minimum": 0}, "per_month": {"type": "integer", "minimum": 0},
      "budget_per_day": {"type": "number", "minimum": 0, "maximum": 100000000},
      "budget_per_month": {"type": "number", "minimum": 0, "maximum": 100000000}}}',
    'Caps on the offer as a whole, in sales and in money, in windows of the market; 0: none. Left out: unlimited.'),
  ('routing', 'contact_window_days', 80, null, false, '{"type": "number", "minimum": 0, "maximum": 3650}',
    'Days in which a buyer is not sold the same phone or e-mail of the offer again; default 30, 0 turns it off.'),
  ('routing', 'calling_rules', 85, null, false, '{"type": "boolean"}',
    'With true the lead is sold only while its person may be called, by leadgen.calling_rules and calling_holidays of where the person is; '
    'until then it is held. For offers whose buyers call. Default false.'),
  ('routing', 'acceptance', 90, null, false,
    '{"type": "object", "additionalProperties": false, "required": ["mode"], "properties": {
      "mode": {"enum": ["on_delivery", "explicit", "auto_after"]},
      "window_hours": {"type": "number", "minimum": 0.01, "maximum": 2160}}}',
    'When a sale counts as accepted: on delivery (default); explicit: by the buyer within window_hours, else it goes to the next one; '
    || 'auto_after: unless returned within window_hours.'),
  ('routing', 'reroute', 100, null, false,
    '{"type": "object", "additionalProperties": false, "properties": {
      "on_return": {"type": "boolean"}, "on_failure": {"type": "boolean"},
      "max_attempts": {"type": "integer", "minimum": 0, "maximum": 20},
      "deliver_within_seconds": {"type": "number", "minimum": 0, "maximum": 604800}}}',
    'Whether a lead that its buyer returned, or that could not be delivered, is offered to the next one (default both), '
    || 'and how often (default 3). deliver_within_seconds (default 120; 0: never): under on_failure a sale of which nothing can have '
    || 'arrived by then passes on as soon as another buyer takes the lead; until then its retries go on.'),
  ('routing', 'delivery', 110, null, false,
    '{"type": "object", "additionalProperties": false, "properties": {
      "timeout_seconds": {"type": "number", "minimum": 0.1, "maximum": 60},
      "retry_seconds": {"type": "array", "maxItems": 50, "items": {"type": "number", "minimum": 0.1, "maximum": 604800}},
      "resell_on_unknown": {"type": "boolean"}}}',
    'timeout_seconds: for one webhook in total; retry_seconds: the pause before each retry, an empty list: none (both default to the '
    'worker''s settings); resell_on_unknown: offer a lead to the next buyer '
    'also when nobody knows whether the first one has it (default false).'),
  ('routing', 'disclose', 120, null, false,
    '{"type": "array", "uniqueItems": true, "items": {"enum": ["consent_at", "consent_text_version", "consent_certificate_url",
      "consent_certificate_id", "consent_text", "ip_address", "page_url", "sub_ids"]}}',
    'What the buyer is sent beside the lead: when, to which text and with which proof the person consented (the default: '
    'consent_at, consent_text_version, consent_certificate_url, consent_certificate_id); what that text says (consent_text); the '
    'address and the page from which they asked (ip_address, page_url); the source''s own sources (sub_ids). []: nothing. A sale keeps '
    'what was disclosed to its buyer.'),
  ('routing', 'returns', 105, null, false,
    '{"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
      "window_hours": {"type": "number", "minimum": 0, "maximum": 2160},
      "auto_approve": {"type": "boolean"},
      "give": {"enum": ["money", "replacement"]},
      "line_types": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["fixed_line", "mobile", "voip",
        "personal_number", "toll_free", "premium_rate", "shared_cost", "pager", "uan", "voicemail"]}},
      "quota": {"type": "object", "additionalProperties": false, "exactlyOne": ["count", "percent"], "properties": {
        "count": {"type": "integer", "minimum": 0}, "percent": {"type": "number", "minimum": 0, "maximum": 100},
        "cycle": {"enum": ["week", "month"]}}}}}',
    'Returns by buyers: window_hours after the delivery (default 168; 0: none; under auto_after its own window counts), auto_approve '
    '(default true; else an operator decides), quota: how many of the sales of one calendar week or month (cycle, default month) '
    'a buyer may return, as count or percent (default: no limit). give: what an approved return gives, money (default) or replacement: '
    'the buyer is owed a lead of the offer, and gets its money with the next one that it is sold. line_types: which types of phone '
    'number are sold, by which a return for wrong_line_type is decided (default: any at which a person is called).'),

  ('pricing', 'exclusivity_premium', 10, null, false,
    '{"type": "object", "additionalProperties": false, "exactlyOne": ["amount", "percent"], "properties": {
      "amount": {"type": "number", "minimum": -1000000, "maximum": 1000000},
      "percent": {"type": "number", "minimum": -100, "maximum": 1000}}}',
    'Added to the price of a lead whose postal code or city the buyer owns: an amount, or a percentage of the base.'),
  ('pricing', 'time_of_day', 20, null, false,
    '{"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "object", "additionalProperties": false,
      "required": ["name", "hours"], "exactlyOne": ["amount", "percent"], "properties": {
      "name": {"type": "string", "pattern": "^(?!(base|rounded|exclusivity_premium)$).{1,60}$",
        "description": "a name of at most 60 characters that is not base, rounded or exclusivity_premium"},
      "hours": {"type": "object", "format": "hours"},
      "amount": {"type": "number", "minimum": -1000000, "maximum": 1000000},
      "percent": {"type": "number", "minimum": -100, "maximum": 1000}}}}',
    'Added to the price in these hours of the market, each that applies, in order: an amount, or a percentage of the price so far.'),
  ('pricing', 'adjustments', 30, null, false,
    '{"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "object", "additionalProperties": false,
      "required": ["name", "when"], "exactlyOne": ["amount", "percent"], "properties": {
      "name": {"type": "string", "pattern": "^(?!(base|rounded|exclusivity_premium)$).{1,60}$",
        "description": "a name of at most 60 characters that is not base, rounded or exclusivity_premium"},
      "when": {"type": "object", "format": "tests"},
      "amount": {"type": "number", "minimum": -1000000, "maximum": 1000000},
      "percent": {"type": "number", "minimum": -100, "maximum": 1000}}}}',
    'Added to the price of leads whose fields meet the conditions, each that applies, in order: '
    '{"name": "old roof", "when": {"attributes.roof_age": {"minimum": 20}}, "percent": 15}.'),

  ('payout', 'per', 10, null, false, '{"enum": ["lead", "sale"]}',
    'What price is paid for: lead (the default), once, when it is first sold, however many buyers get it; sale, for each of its sales.'),
  ('payout', 'price', 20, null, false, '{"type": "number", "minimum": 0, "maximum": 1000000}',
    'What the source is paid, in the currency of the market.'),
  ('payout', 'percent_of_revenue', 30, null, false, '{"type": "number", "minimum": 0, "maximum": 100}',
    'A share of the price of each sale, beside price; rounded once, with it.'),
  ('payout', 'prices', 40, null, false,
    '{"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "object", "additionalProperties": false,
      "required": ["name"], "properties": {
      "name": {"type": "string", "pattern": "^(?!otherwise$).{1,60}$",
        "description": "a name of at most 60 characters that is not otherwise"},
      "when": {"type": "object", "format": "tests"},
      "hours": {"type": "object", "format": "hours"},
      "price": {"type": "number", "minimum": 0, "maximum": 1000000},
      "percent_of_revenue": {"type": "number", "minimum": 0, "maximum": 100}}}}',
    'Other terms for some leads, in order: the first whose conditions and hours (of the market) hold takes the place of price and '
    'percent_of_revenue: {"name": "emergency", "when": {"attributes.urgency": {"enum": ["today"]}}, "price": 12}.'),
  ('payout', 'min_margin', 50, null, false, '{"type": "number", "minimum": -1000000, "maximum": 1000000}',
    'How much of the price a sale must leave after its cost: to a buyer that leaves less the lead is not sold. Default 0, if '
    'min_margin_percent is not there either; below zero: it may be sold at that loss.'),
  ('payout', 'min_margin_percent', 60, null, false, '{"type": "number", "minimum": 0, "maximum": 100}',
    'The same as a percentage of the price; with min_margin the larger counts.');

-- Rules that are handed their value compiled, or that need a language that not every server has.
insert into declared_keys (kind, key, position, rule_function, compile_function, required_language, value_schema, description)
values
  ('validation', 'field_rules', 30, 'field_rules', 'compile_field_rules', null,
    '{"type": "object",
      "propertyNames": {"format": "field"},
      "additionalProperties": {"type": "object", "additionalProperties": false,
      "ordered": [["minimum", "maximum"], ["minLength", "maxLength"]], "properties": {
      "type": {"enum": ["string", "number", "integer", "boolean", "array", "object"]},
      "enum": {"type": "array", "minItems": 1, "uniqueItems": true},
      "minimum": {"type": "number"}, "maximum": {"type": "number"},
      "pattern": {"type": "string", "format": "regex"},
      "minLength": {"type": "integer", "minimum": 0, "maximum": 10000},
      "maxLength": {"type": "integer", "minimum": 0, "maximum": 10000}}}}',
    'What a field must be when it is there, in JSON Schema''s words.'),
  ('validation', 'allowed_postal_codes', 60, 'allowed_postal_codes', 'compile_postal_codes', null,
    '{"type": "array", "minItems": 1, "maxItems": 10000, "uniqueItems": true, "items": {"type": "string", "format": "range",
      "pattern": "^([A-Z0-9][A-Z0-9 ]*(-[A-Z0-9][A-Z0-9 ]*)?|[A-Z0-9][A-Z0-9 ]*\\*)$",
      "description": "a postal code (78701), a prefix (787*) or a range (78701-78799)"}}',
    'Postal codes that are served: exact, by prefix, or in a range.'),
  ('validation', 'allowed_cities', 70, 'allowed_cities', 'compile_cities', null,
    '{"type": "array", "minItems": 1, "maxItems": 10000, "uniqueItems": true, "items": {"type": "string", "pattern": "\\S",
      "description": "the name of a city"}}',
    'Cities that are served, compared without case, accents and spaces.'),
  ('validation', 'allowed_area', 75, 'allowed_area', 'compile_area', null, '{"type": "object", "format": "area"}',
    'Where the lead''s postal code must lie: a circle, or a GeoJSON Polygon or MultiPolygon.'),
  ('validation', 'phone_strict', 85, 'phone_strict', 'compile_phone_strict', 'plpython3u', '{"type": "boolean"}',
    'The phone number must be valid by the phonenumbers library itself; needs PL/Python on the server.'),
  ('validation', 'blocked_email_domains', 100, 'blocked_email_domains', 'compile_domains', null,
    '{"type": "array", "minItems": 1, "maxItems": 10000, "uniqueItems": true,
      "items": {"type": "string", "pattern": "^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$",
      "description": "a domain such as example.com"}}',
    'Domains, with everything below them, that are refused.'),
  ('validation', 'business_hours', 145, 'business_hours', 'compile_business_hours', null, '{"type": "object", "format": "hours"}',
    'When leads are taken, by the wall clock of the market: {"mon": [["08:00", "18:00"]], ...}; may pass midnight.'),
  ('validation', 'blocked_words', 150, 'blocked_words', 'compile_words', null,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "pattern": "[[:alnum:]]",
      "description": "a word or phrase"}}',
    'Words or phrases that a message may not have.');

delete from leadgen.policy_keys k
where not exists (select from declared_keys d where (d.kind, d.key) = (k.kind, k.key));
insert into leadgen.policy_keys as k
select d.* from declared_keys d
on conflict (kind, key) do update set
  position = excluded.position,
  value_schema = excluded.value_schema,
  description = excluded.description,
  rule_function = excluded.rule_function,
  is_always_on = excluded.is_always_on,
  compile_function = excluded.compile_function,
  required_language = excluded.required_language;
select catalog.compile_judge_lead();
select catalog.recompile();

-- What psql's \d+ shows of a policy's body.
do $$
declare
  v_body record;
begin
  for v_body in
    select k.kind || '_policies' as table_name, case k.kind when 'routing' then 'config' else 'rules' end as column_name,
      string_agg(k.key || ': ' || k.description, E'\n' order by k.position) as keys
    from leadgen.policy_keys k
    where k.value_schema <> '{}'
    group by k.kind
  loop
    execute format('comment on column leadgen.%I.%I is %L', v_body.table_name, v_body.column_name, v_body.keys);
  end loop;
end;
$$;
