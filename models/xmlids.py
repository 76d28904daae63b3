# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""External ids that several files name."""

MODULE = "fieldservice_job_confirmation"

# The levels of the Message Center; each includes the one before it.
READ_GROUP = f"{MODULE}.group_message_center_read"
EDIT_GROUP = f"{MODULE}.group_message_center_edit"
ADMIN_GROUP = f"{MODULE}.group_message_center_admin"

# The subtype of notes that users without a level don't see.
NOTE_SUBTYPE = f"{MODULE}.mt_confirmation"
MESSAGES_ACTION = f"{MODULE}.fsm_confirmation_action"
# Scheduled actions that others wake.
PROCESS_CRON = f"{MODULE}.ir_cron_process_replies"
TELL_CRON = f"{MODULE}.ir_cron_tell_of_changes"
PLAN_CRON = f"{MODULE}.ir_cron_plan"
SETUP_ACTIVITY = f"{MODULE}.mail_activity_type_set_up"
CALL_ACTIVITY = f"{MODULE}.mail_activity_type_to_call"
# Activities that a customer's answer creates. Users may plan them by hand as well.
ANSWER_ACTIVITIES = tuple(
    f"{MODULE}.mail_activity_type_{name}"
    for name in ("reschedule", "call", "read", "ask_again", "number")
)
