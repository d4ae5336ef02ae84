-- The field maps that ship, written anew by every deploy: to change one, copy the row under another slug.
with declared_maps (slug, name, body) as (
  values
    -- https://developers.google.com/google-ads/webhook/docs/implementation
    -- google_key is the API key of the source; lead_id is Google's own word for what to deduplicate by.
    ('google-ads-lead-form', 'Google Ads lead form (webhook)', '{
      "authentication": "key_in_body",
      "key": "$.google_key",
      "answer": "empty",
      "by_campaign": true,
      "is_test": "$.is_test",
      "idempotency_key": {"path": "$.lead_id", "prefix": "google:"},
      "ignore": ["$.api_version"],
      "answers": {"items": "$.user_column_data[*]", "name": ["$.column_id", "$.column_name"], "value": "$.string_value"},
      "fields": {
        "name": ["$.answers.FULL_NAME", {"join": ["$.answers.FIRST_NAME", "$.answers.LAST_NAME"]}],
        "email": ["$.answers.EMAIL", "$.answers.WORK_EMAIL"],
        "phone": ["$.answers.PHONE_NUMBER", "$.answers.WORK_PHONE"],
        "country_code": "$.answers.COUNTRY ? (@ like_regex \"^ *[A-Za-z]{2} *$\")",
        "postal_code": "$.answers.POSTAL_CODE",
        "city": "$.answers.CITY",
        "source": {"constant": "google_lead_form"},
        "utm_source": {"constant": "google"},
        "utm_medium": {"constant": "lead_form"},
        "utm_campaign": "$.campaign_id"
      }}'::jsonb),

    -- https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
    -- A post names leads; their answers are fetched from the Graph API unless somebody in between has put them in.
    -- The second form of a test is what Meta's testing tool writes into the answers, the first what its dashboard sends.
    ('meta-lead-ads', 'Meta lead ads (Facebook, Instagram)', '{
      "authentication": "signature",
      "answer": "empty",
      "by_campaign": ["$.attributes.ad_id", "$.attributes.adset_id", "$.utm_campaign", "$.attributes.form_id"],
      "leads": ["$ ? (@.object == \"page\").entry[*].changes[*] ? (@.field == \"leadgen\").value", "$ ? (exists (@.field_data))"],
      "fetch": ["$.leadgen_id", "$.id"],
      "is_test": ["$.leadgen_id ? (@ == \"444444444444\" || @ == 444444444444)",
        "$.field_data[*].values[*] ? (@ starts with \"<test lead: dummy data\")"],
      "idempotency_key": {"path": ["$.leadgen_id", "$.id"], "prefix": "meta:"},
      "answers": [
        {"items": "$.field_data[*]", "name": "$.name", "value": "$.values[*]"},
        {"items": "$.custom_disclaimer_responses[*]", "name": "$.checkbox_key", "value": "$.is_checked",
          "prefix": "disclaimer_"}],
      "fields": {
        "name": ["$.answers.full_name", {"join": ["$.answers.first_name", "$.answers.last_name"]}],
        "email": ["$.answers.email", "$.answers.work_email"],
        "phone": ["$.answers.phone_number", "$.answers.phone", "$.answers.work_phone_number"],
        "country_code": "$.answers.country ? (@ like_regex \"^ *[A-Za-z]{2} *$\")",
        "postal_code": ["$.answers.zip_code", "$.answers.post_code", "$.answers.zip", "$.answers.postal_code"],
        "city": "$.answers.city",
        "source": {"constant": "meta_lead_ad"},
        "utm_source": {"constant": "facebook"},
        "utm_medium": {"constant": "lead_form"},
        "utm_campaign": ["$.campaign_id", "$.form_id"]
      }}')
)
insert into leadgen.field_maps as m (slug, name, body)
select d.slug, d.name, d.body from declared_maps d
on conflict (slug) do update set name = excluded.name, body = excluded.body
where (m.name, m.body) is distinct from (excluded.name, excluded.body);
