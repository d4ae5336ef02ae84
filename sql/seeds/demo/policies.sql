-- What a lead must be: one policy a market for plumbing and HVAC, one for roofing, which wants consent.
insert into leadgen.validation_policies (name, rules)
values
  ('Austin homes', '{
    "required_fields": ["attributes.job_type"],
    "field_rules": {"attributes.job_type": {"enum":
      ["leak", "drain", "water_heater", "burst_pipe", "no_cooling", "no_heat", "tune_up", "new_system"]}},
    "allowed_postal_codes": ["787*"],
    "phone_region": "US",
    "disposable_email_blocklist_enabled": true,
    "duplicate_window_hours": 24
  }'),
  ('Tampa homes', '{
    "required_fields": ["attributes.job_type"],
    "field_rules": {"attributes.job_type": {"enum":
      ["leak", "drain", "water_heater", "burst_pipe", "no_cooling", "no_heat", "tune_up", "new_system"]}},
    "allowed_cities": ["Tampa"],
    "phone_region": "US-FL",
    "disposable_email_blocklist_enabled": true,
    "duplicate_window_hours": 72
  }'),
  ('Denver homes', '{
    "required_fields": ["attributes.job_type"],
    "field_rules": {"attributes.job_type": {"enum":
      ["leak", "drain", "water_heater", "burst_pipe", "no_cooling", "no_heat", "tune_up", "new_system"]}},
    "allowed_postal_codes": ["802*", "80002-80005", "80401"],
    "phone_region": "US-CO",
    "disposable_email_blocklist_enabled": true,
    "duplicate_window_hours": 24
  }'),
  ('Austin roofing', '{
    "required_fields": ["attributes.job_type"],
    "field_rules": {"attributes.roof_age_years": {"type": "integer", "minimum": 0, "maximum": 80}},
    "allowed_postal_codes": ["787*"],
    "phone_region": "US",
    "disposable_email_blocklist_enabled": true,
    "duplicate_window_hours": 168,
    "consent_required": true
  }'),
  ('Tampa roofing', '{
    "required_fields": ["attributes.job_type"],
    "field_rules": {"attributes.roof_age_years": {"type": "integer", "minimum": 0, "maximum": 80}},
    "allowed_postal_codes": ["336*"],
    "phone_region": "US-FL",
    "disposable_email_blocklist_enabled": true,
    "duplicate_window_hours": 168,
    "consent_required": true
  }'),
  ('Denver roofing', '{
    "required_fields": ["attributes.job_type"],
    "field_rules": {"attributes.roof_age_years": {"type": "integer", "minimum": 0, "maximum": 80}},
    "allowed_postal_codes": ["802*", "80002-80005"],
    "phone_region": "US-CO",
    "disposable_email_blocklist_enabled": true,
    "duplicate_window_hours": 168,
    "consent_required": true
  }');

-- Who gets it.
insert into leadgen.routing_policies (name, config)
values
  ('Best partner first', '{
    "strategy": "priority",
    "tie_breakers": ["round_robin"],
    "exclusivity": {"scopes": ["postal_code", "city"], "when_unavailable": "fall_through"}
  }'),
  ('Taking turns', '{"strategy": "round_robin"}'),
  ('Shares by weight', '{
    "strategy": "weighted",
    "exclusivity": {"scopes": ["city"], "when_unavailable": "fall_through"}
  }'),
  ('Shared by three', '{"strategy": "priority", "max_buyers": 3, "on_no_buyer": "reject"}'),
  ('Turns, never held', '{"strategy": "round_robin", "on_no_buyer": "reject"}'),
  ('Held for two days', '{"strategy": "priority", "on_no_buyer": "hold", "hold_hours": 48}');

-- For how much more than the base price.
insert into leadgen.pricing_policies (name, rules)
values
  ('Own area 25 %', '{"exclusivity_premium": {"percent": 25}}'),
  ('Own city 10 USD', '{"exclusivity_premium": {"amount": 10}}');
