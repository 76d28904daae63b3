# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""External ids that several files name."""

MODULE = "fieldservice_job_confirmation"

# The levels of the Message Center; each has those above it.
READ_GROUP = f"{MODULE}.group_message_center_read"
EDIT_GROUP = f"{MODULE}.group_message_center_edit"
ADMIN_GROUP = f"{MODULE}.group_message_center_admin"

# Of notes that nobody without a level sees.
NOTE_SUBTYPE = f"{MODULE}.mt_confirmation"
MESSAGES_ACTION = f"{MODULE}.fsm_confirmation_action"
# Scheduled actions that others wake.
PROCESS_CRON = f"{MODULE}.ir_cron_process_replies"
TELL_CRON = f"{MODULE}.ir_cron_tell_of_changes"
PLAN_CRON = f"{MODULE}.ir_cron_plan"
SETUP_ACTIVITY = f"{MODULE}.mail_activity_type_set_up"
CALL_ACTIVITY = f"{MODULE}.mail_activity_type_to_call"
# What an answer asks a person to do. A person may plan such activities as well.
ANSWER_ACTIVITIES = tuple(
    f"{MODULE}.mail_activity_type_{name}"
    for name in ("reschedule", "call", "read", "ask_again", "number")
)
