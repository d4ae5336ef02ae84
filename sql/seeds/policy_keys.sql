-- The registry of policy keys. A new validation rule is a function in sql/functions/validation and a row here.
-- Positions leave room: they give the order in which rules run and failures are reported.
create temp table declared_keys (like leadgen.policy_keys including defaults) on commit drop;

insert into declared_keys (kind, key, position, rule_function, is_always_on, value_schema, description)
values
  ('validation', 'core_fields', 10, 'rule_core_fields', true, '{}',
    'Name, email, phone and postal_code are present and well-formed. Always on.'),
  ('validation', 'required_fields', 20, 'rule_required_fields', false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string",
      "pattern": "^(name|email|phone|country_code|region_code|postal_code|city|message|consent|gdpr_consent|consent_at|consent_certificate_url|attributes\\..+)$",
      "description": "a core field, or attributes.x"}}',
    'Fields that must be there: core fields or attributes.x.'),
  ('validation', 'field_rules', 30, 'rule_field_rules', false,
    '{"type": "object",
      "propertyNames": {"pattern": "^(name|email|phone|country_code|region_code|postal_code|city|message|consent|gdpr_consent|consent_at|consent_certificate_url|attributes\\..+)$",
        "description": "a core field, or attributes.x"},
      "additionalProperties": {"type": "object", "additionalProperties": false,
      "ordered": [["minimum", "maximum"], ["minLength", "maxLength"]], "properties": {
      "type": {"enum": ["string", "number", "integer", "boolean", "array", "object"]},
      "enum": {"type": "array", "minItems": 1},
      "minimum": {"type": "number"}, "maximum": {"type": "number"},
      "pattern": {"type": "string", "format": "regex"},
      "minLength": {"type": "integer", "minimum": 0, "maximum": 10000},
      "maxLength": {"type": "integer", "minimum": 0, "maximum": 10000}}}}',
    'What a field must be when it is there, in JSON Schema''s words.'),
  ('validation', 'allowed_country_codes', 40, 'rule_allowed_country_codes', false,
    '{"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[A-Z]{2}$",
      "description": "an ISO 3166-1 code such as US"}}',
    'Countries that are served.'),
  ('validation', 'allowed_region_codes', 50, 'rule_allowed_region_codes', false,
    '{"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[A-Z]{2}-[A-Z0-9]{1,3}$",
      "description": "an ISO 3166-2 code such as US-TX"}}',
    'Regions (ISO 3166-2) that are served.'),
  ('validation', 'allowed_postal_codes', 60, 'rule_allowed_postal_codes', false,
    '{"type": "array", "minItems": 1, "items": {"type": "string", "format": "range",
      "pattern": "^([A-Z0-9][A-Z0-9 ]*(-[A-Z0-9][A-Z0-9 ]*)?|[A-Z0-9][A-Z0-9 ]*\\*)$",
      "description": "a postal code (78701), a prefix (787*) or a range (78701-78799)"}}',
    'Postal codes that are served: exact, by prefix, or in a range.'),
  ('validation', 'allowed_cities', 70, 'rule_allowed_cities', false,
    '{"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "\\S", "description": "the name of a city"}}',
    'Cities that are served, compared without case, accents and spaces.'),
  ('validation', 'phone_region', 80, 'rule_phone_region', false,
    '{"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", "description": "a country (US) or a region (US-TX)"}',
    'Where the phone number must be valid.'),
  ('validation', 'disposable_email_blocklist_enabled', 90, 'rule_disposable_email', false, '{"type": "boolean"}',
    'Refuse e-mail domains that give out disposable addresses.'),
  ('validation', 'blocked_email_domains', 100, 'rule_blocked_email_domains', false,
    '{"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$",
      "description": "a domain such as example.com"}}',
    'Domains, with everything below them, that are refused.'),
  ('validation', 'duplicate_window_hours', 110, 'rule_duplicate', true,
    '{"type": "number", "minimum": 0, "maximum": 8784}',
    'Hours within which the same contact is a duplicate; default from leadgen.settings, 0 turns it off.'),
  ('validation', 'duplicate_match', 111, null, false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["phone", "email"]}}',
    'What makes two contacts the same; default both phone and email. Empty values never match.'),
  ('validation', 'duplicate_match_mode', 112, null, false, '{"enum": ["any", "all"]}',
    'Whether one equal field is enough (any, the default) or all must be equal.'),
  ('validation', 'duplicate_scope', 113, null, false, '{"enum": ["offer", "vertical", "market", "global"]}',
    'Where earlier leads count; default offer.'),
  ('validation', 'consent_required', 120, 'rule_consent_required', false, '{"type": "boolean"}',
    'The person must have consented.'),
  ('validation', 'consent_max_age_hours', 130, 'rule_consent_max_age', false, '{"type": "number", "minimum": 0, "maximum": 87840}',
    'How old the consent (consent_at) may be.'),
  ('validation', 'consent_certificate_required', 140, 'rule_consent_certificate', false, '{"type": "boolean"}',
    'A consent certificate must come with the lead.'),
  ('validation', 'blocked_words', 150, 'rule_blocked_words', false,
    '{"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "[[:alnum:]]", "description": "a word or phrase"}}',
    'Words or phrases that a message may not have.'),
  ('validation', 'min_message_length', 160, 'rule_min_message_length', false, '{"type": "integer", "minimum": 1, "maximum": 10000}',
    'Characters that a message must have.'),

  ('routing', 'strategy', 10, null, false, '{"enum": ["priority", "round_robin", "weighted"]}',
    'Who is served first: the higher routing_priority (default), the longest without a lead, or shares by weight.'),
  ('routing', 'tie_breakers', 20, null, false,
    '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["priority", "round_robin", "weighted"]}}',
    'Strategies that decide among equals, in this order; the last word is always the enrollment''s id.'),
  ('routing', 'max_buyers', 30, null, false, '{"type": "integer", "minimum": 1, "maximum": 20}',
    'How many buyers get the lead; 1 (default) is an exclusive sale.'),
  ('routing', 'exclusivity', 40, null, false,
    '{"type": "object", "additionalProperties": false, "properties": {
      "scopes": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["postal_code", "city"]}},
      "when_unavailable": {"enum": ["fall_through", "hold", "reject"]}}}',
    'Which exclusivities count, in this order (default postal_code, city), '
    || 'and what happens while the exclusive buyer cannot take a lead (default fall_through).'),
  ('routing', 'on_no_buyer', 50, null, false, '{"enum": ["hold", "reject"]}',
    'Whether a lead that no buyer can take is offered again later (hold, the default) or stays unsold.'),
  ('routing', 'hold_hours', 60, null, false, '{"type": "number", "minimum": 0.01, "maximum": 2160}',
    'How long an unsold lead is held; default 24.'),

  ('pricing', 'exclusivity_premium', 10, null, false,
    '{"type": "object", "additionalProperties": false, "properties": {
      "amount": {"type": "number", "minimum": -1000000, "maximum": 1000000},
      "percent": {"type": "number", "minimum": -100, "maximum": 1000}}}',
    'Added to the price of a lead whose postal code or city the buyer owns: an amount or a percentage of the base.');

delete from leadgen.policy_keys k
where not exists (select from declared_keys d where (d.kind, d.key) = (k.kind, k.key));
insert into leadgen.policy_keys as k
select d.* from declared_keys d
on conflict (kind, key) do update set
  position = excluded.position,
  value_schema = excluded.value_schema,
  description = excluded.description,
  rule_function = excluded.rule_function,
  is_always_on = excluded.is_always_on;
select leadgen.recompile_policies();
