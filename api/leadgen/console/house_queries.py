"""The SQL functions of the pages of the house. The first argument of each is the session."""

USERS = "select leadgen.show_users_for(%s, %s, %s, %s, %s)::text"
USER = "select leadgen.show_user_for(%s, %s)::text"
INVITE = "select leadgen.invite_user_for(%s, %s, %s, %s, %s, %s, %s) ->> 'id'"
APPROVE = "select leadgen.approve_user_for(%s, %s, %s, %s) ->> 'status'"
CHANGE_STATUS = "select leadgen.change_user_status_for(%s, %s, %s, %s) ->> 'status'"
CHANGE_ROLE = "select leadgen.change_user_role_for(%s, %s, %s, %s, %s)"
SEND_RESET = "select leadgen.send_reset_for(%s, %s)"
SIGN_OUT = "select leadgen.revoke_user_sessions_for(%s, %s)"
REMOVE_FACTORS = "select leadgen.remove_user_factors_for(%s, %s, %s)"
REMOVE_BINDINGS = "select leadgen.remove_user_bindings_for(%s, %s, %s)"

KEYS = "select leadgen.show_keys_for(%s, %s, %s, %s)::text"
MAKE_KEY = "select leadgen.give_key_for(%s, %s, %s, %s, %s, %s, %s, %s, %s)::text"
ROTATE_KEY = "select leadgen.rotate_key_for(%s, %s, %s, %s, %s, %s, %s)::text"

AUDIT = "select leadgen.show_audit_for(%s, %s, %s, %s, %s, %s)::text"
ENTRY = "select leadgen.show_audit_entry_for(%s, %s)::text"
PROOF = "select leadgen.verify_audit_for(%s, %s)::text"

SETTINGS = "select leadgen.show_settings_for(%s)::text"
SETTING = "select leadgen.show_setting_for(%s, %s, %s)::text"
SAVE_SETTING = "select leadgen.save_setting_for(%s, %s, %s, %s::jsonb, %s, %s)"

DOCTOR = "select leadgen.show_doctor_for(%s, %s)::text"
