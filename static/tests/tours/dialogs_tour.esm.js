import {chooseDeclined, openDetails, openSend} from "./steps.esm";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const openMessage = [...openDetails, {trigger: ".modal .o_fsm_conversation"}];

const noDialog = {trigger: "body:not(:has(.modal))"};

function close() {
    return [
        {
            content: "Close",
            trigger: ".modal footer button:contains(Close)",
            run: "click",
        },
        noDialog,
    ];
}

tours.add("fsm_dialogs_send_by_keyboard", {
    steps: () => [
        ...openSend,
        {
            content: "The phone shows sender, text and size",
            trigger: ".modal .o_fsm_phone_sender:contains((202) 555-0100)",
        },
        {trigger: ".modal .o_fsm_phone_size:contains(SMS)"},
        {
            content: "The focus is on Send: Enter is enough",
            trigger: ".modal button[name=action_send]:focus",
            run: () => document.activeElement.click(),
        },
        {
            content: "A short note says that the text is on its way",
            trigger: ".o_notification:contains(The text to Maria Gomez is on its way)",
        },
        noDialog,
        {
            content: "The Work Order behind is up to date",
            trigger: ".o_fsm_status_header [data-status=awaiting]",
        },
    ],
});

tours.add("fsm_dialogs_conversation", {
    steps: () => [
        ...openMessage,
        {
            content: "What we sent stands right, with its delivery",
            trigger:
                ".modal .o_fsm_conversation_ours .o_fsm_conversation_bubble:contains(Reply YES to confirm or NO)",
        },
        {trigger: ".modal .o_fsm_conversation_delivery:contains(Delivered)"},
        {
            content: "The customer's words stand left, and how they were understood",
            trigger:
                ".modal .o_fsm_conversation_theirs:contains(Yes, thank you) [data-intent=confirm]:contains(Yes)",
        },
        {
            content: "Our automatic answer is marked as one",
            trigger:
                ".modal .o_fsm_conversation_ours:contains(Auto-reply):contains(is confirmed)",
        },
        {
            content: "The delivery history",
            trigger: ".modal .o_fsm_details_facts:contains(Delivered)",
        },
        ...close(),
    ],
});

tours.add("fsm_dialogs_read_only", {
    steps: () => [
        ...openMessage,
        {
            content: "A reader is offered the Work Order and nothing else",
            trigger:
                ".modal:not(:has([data-step=resolve], [data-step=text_another])) [data-step=open_order]",
        },
        ...close(),
    ],
});

tours.add("fsm_dialogs_settle", {
    steps: () => [
        ...openMessage,
        {
            content: "Correct the answer by hand",
            trigger: ".modal [data-step=resolve].btn-primary",
            run: "click",
        },
        ...chooseDeclined,
        {
            trigger: ".modal [name=note] input",
            run: "edit She called",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The conversation stayed, and says who did what and why",
            trigger: ".modal .o_fsm_conversation_note:contains(She called)",
        },
        {trigger: ".modal .o_fsm_look_declined:contains(Declined)"},
        ...close(),
    ],
});

tours.add("fsm_dialogs_send_again", {
    steps: () => [
        ...openMessage,
        {
            content: "It says why it failed",
            trigger: ".modal .o_fsm_conversation_problem:contains(out of reach)",
        },
        {
            content: "Send it again",
            trigger: ".modal [data-step=send_again].btn-primary",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {trigger: ".o_notification:contains(on its way)"},
        noDialog,
    ],
});

tours.add("fsm_dialogs_ways_out", {
    steps: () => [
        ...openSend,
        {
            content: "The number is wrong: no Send, but an action",
            trigger: ".modal:not(:has(button[name=action_send])) .alert-danger",
        },
        {
            trigger: ".modal [data-action=open_contact]",
            run: "click",
        },
        {
            content: "Correct the number on the contact, above the dialog",
            trigger: ".modal:not(.o_inactive_modal) .o_field_widget[name=phone] input",
            run: "edit +12125550123",
        },
        {
            trigger: ".modal:not(.o_inactive_modal) .o_form_button_save",
            run: "click",
        },
        {
            content: "Back in the dialog, which is ready",
            trigger: ".modal [name=mobile_display]:contains((212) 555-0123)",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {trigger: ".o_notification:contains(on its way)"},
        noDialog,
    ],
});

tours.add("fsm_dialogs_opt_out", {
    steps: () => [
        ...openSend,
        {
            trigger: ".modal .alert-danger:contains(Opted out on)",
        },
        {
            content: "Allow texts again, with a reason",
            trigger: ".modal [data-action=allow_texts]",
            run: "click",
        },
        {
            trigger: ".modal:not(.o_inactive_modal) [name=note] input",
            run: "edit Agreed on the phone",
        },
        {
            trigger: ".modal:not(.o_inactive_modal) .o_form_button_save",
            run: "click",
        },
        {
            content: "It can be sent, and the dialog says what Twilio will do",
            trigger:
                ".modal:has(button[name=action_send]) .alert-warning:contains(texts START)",
        },
        {
            trigger: ".modal footer button:contains(Cancel)",
            run: "click",
        },
        noDialog,
    ],
});

tours.add("fsm_dialogs_contact", {
    steps: () => [
        {
            content: "The contact says since when and how it opted out",
            trigger: ".o_form_view .alert-danger:contains(Opted out on)",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_form_view .ribbon:contains(Opted out)",
        },
        {
            content: "Its history has the text and the reply",
            trigger: ".o-mail-Message:contains(Text message to Maria Gomez)",
        },
        {trigger: ".o-mail-Message:contains(STOP)"},
        {
            trigger: "button[name=action_lift_opt_out]",
            run: "click",
        },
        {
            trigger: ".modal [name=note] input",
            run: "edit Agreed on the phone",
        },
        {
            trigger: ".modal button[name=action_apply]",
            run: "click",
        },
        noDialog,
        {
            content: "The flag is gone",
            trigger: ".o_form_view:not(:has(.alert-danger:contains(Opted out)))",
        },
    ],
});

tours.add("fsm_dialogs_contact_read_only", {
    steps: () => [
        {trigger: ".o_form_view .alert-danger:contains(Opted out on)"},
        {
            content: "A reader can't lift it",
            trigger: ".o_form_view:not(:has(button[name=action_lift_opt_out]))",
        },
    ],
});

tours.add("fsm_dialogs_visit", {
    steps: () => [
        {
            trigger: "a[name=visits_page]",
            run: "click",
        },
        {
            content: "The second visit has its own Send",
            isActive: ["desktop"],
            trigger:
                ".o_data_row:contains(Visit 2) button[name=action_send_confirmation]",
            run: "click",
        },
        {
            isActive: ["mobile"],
            trigger:
                ".o_kanban_record:contains(Visit 2) button[name=action_send_confirmation]",
            run: "click",
        },
        {
            trigger: ".modal .o_fsm_confirmation_bubble:contains(3:00 PM)",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {trigger: ".o_notification:contains(on its way)"},
        noDialog,
        {
            content: "That visit, and no other, waits for an answer",
            isActive: ["desktop"],
            trigger: ".o_data_row:contains(Visit 2) [data-status=awaiting]",
        },
        {
            isActive: ["mobile"],
            trigger: ".o_kanban_record:contains(Visit 2) [data-status=awaiting]",
        },
    ],
});

tours.add("fsm_dialogs_status", {
    steps: () => [
        {
            content: "Set the status by hand, in the header",
            trigger: ".o_fsm_status_header .o_fsm_status_toggle",
            run: "click",
        },
        {
            trigger: ".o_fsm_status_option:has([data-status=confirmed])",
            run: "click",
        },
        {trigger: ".o_fsm_status_toggle [data-status=confirmed]"},
        {
            content: "The history says from what to what",
            trigger: ".o-mail-Message-tracking:contains(Confirmed)",
        },
    ],
});

tours.add("fsm_dialogs_status_read_only", {
    steps: () => [
        {
            content: "A reader sees the status and can't change it",
            trigger:
                ".o_form_statusbar:not(:has(.o_fsm_status_toggle)) [data-status=awaiting]",
        },
    ],
});

tours.add("fsm_dialogs_status_none", {
    steps: () => [
        {
            content: "Nothing of it without a level",
            trigger: ".o_form_view:not(:has([data-status])) .o_form_statusbar",
        },
    ],
});

tours.add("fsm_dialogs_write_back", {
    steps: () => [
        ...openMessage,
        {
            content: "A prepared text",
            trigger: ".modal .o_fsm_write_back_templates",
            run: "selectByLabel How Do We Get In?",
        },
        {
            content: "It is there, with the room it takes",
            trigger: ".modal .o_fsm_write_back_size:contains(1 SMS)",
        },
        {
            content: "Words of one's own instead",
            trigger: ".modal .o_fsm_write_back_text",
            run: "edit Yes, this is Acme.",
        },
        {
            isActive: ["desktop"],
            content: "Enter sends",
            trigger: ".modal .o_fsm_write_back_text",
            run: "press Enter",
        },
        {
            isActive: ["mobile"],
            content: "Send",
            trigger: ".modal .o_fsm_write_back_send:enabled",
            run: "click",
        },
        {
            content: "It stands in the conversation",
            trigger:
                ".modal .o_fsm_conversation_ours:last .o_fsm_conversation_bubble:contains(Yes, this is Acme.)",
        },
        {trigger: ".modal .o_fsm_write_back_text:value()"},
        ...close(),
    ],
});

tours.add("fsm_dialogs_write_back_now", {
    steps: () => [
        ...openMessage,
        {
            content: "It says that it waits",
            trigger:
                ".modal .o_fsm_write_back_departure:contains(Outside the texting hours)",
        },
        {
            trigger: ".modal .o_fsm_write_back_text",
            run: "edit The water is off",
        },
        {
            content: "Now, with a reason",
            trigger: ".modal .o_fsm_write_back_now input",
            run: "click",
        },
        {trigger: ".modal .o_fsm_write_back_send:disabled"},
        {
            trigger: ".modal .o_fsm_write_back_reason",
            run: "edit Burst pipe",
        },
        {trigger: ".modal .o_fsm_write_back_send:enabled", run: "click"},
        {trigger: ".o_notification:contains(The text is on its way)"},
        {
            content: "The next one waits again",
            trigger: ".modal .o_fsm_write_back:not(:has(.o_fsm_write_back_reason))",
        },
        {
            trigger: ".modal .o_fsm_write_back_text",
            run: "edit Good night",
        },
        {trigger: ".modal .o_fsm_write_back_send:enabled", run: "click"},
        {trigger: ".o_notification:contains(Outside the texting hours)"},
        ...close(),
    ],
});

tours.add("fsm_dialogs_tell_many", {
    steps: () => [
        {
            isActive: ["desktop"],
            trigger: ".o_data_row:contains(Maria Gomez)",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "On a phone, where nothing is chosen, of all",
            trigger: "button[name=action_review]:visible",
            run: "click",
        },
        {
            content: "How many are told of what, before",
            trigger: ".modal [name=ready_count]:contains(2)",
        },
        {trigger: ".modal [name=ready_info]:contains(Date moved: 2)"},
        {trigger: ".modal footer button[name=action_send]", run: "click"},
        {trigger: ".o_notification:contains(2 customers get a message)"},
        noDialog,
        {trigger: ".o_action_manager:contains(Every customer is up to date)"},
    ],
});

tours.add("fsm_dialogs_write_back_opted_out", {
    steps: () => [
        ...openMessage,
        {
            content: "The reason stands where the text would be written",
            trigger: ".modal .o_fsm_write_back_blocked:contains(opted out)",
        },
        {trigger: ".modal:not(:has(.o_fsm_write_back_text))"},
        ...close(),
    ],
});

tours.add("fsm_dialogs_write_back_read_only", {
    steps: () => [
        ...openMessage,
        {trigger: ".modal:not(:has(.o_fsm_write_back))"},
        ...close(),
    ],
});

const sendTimes = [
    {
        content: "The text shows the free times that are filled in",
        trigger:
            ".modal .o_field_widget[name=body]:contains(A: ):contains(B: ):contains(C: )",
    },
    {
        content: "Send",
        trigger: ".modal footer button[name=action_send]",
        run: "click",
    },
    {trigger: ".o_notification:contains(The text to Maria Gomez is on its way)"},
    noDialog,
];

tours.add("fsm_dialogs_propose", {
    steps: () => [
        ...openMessage,
        {
            content: "Propose other times",
            trigger: ".modal footer button:contains(Propose Times)",
            run: "click",
        },
        ...sendTimes,
    ],
});

tours.add("fsm_dialogs_take_time", {
    steps: () => [
        ...openMessage,
        {
            content: "What the customer took is one click",
            trigger: ".modal footer button.btn-primary:contains(Set to B)",
            run: "click",
        },
        {
            content: "It says first what it does, and who is told",
            trigger: ".modal-body:contains(Maria Gomez gets a text with the new time)",
        },
        {
            trigger: ".modal footer button.btn-primary:contains(Set the Time)",
            run: "click",
        },
        {
            content: "It is set, and the customer is told",
            trigger:
                ".modal .o_fsm_conversation_ours:last .o_fsm_conversation_bubble:contains(your appointment has been moved to)",
        },
        {trigger: ".modal:not(:has(footer button:contains(Set to B)))"},
        ...close(),
    ],
});

tours.add("fsm_dialogs_unmatched", {
    steps: () => [
        {
            isActive: ["desktop"],
            content: "Write back where the reply is listed",
            trigger:
                ".o_data_row:contains(Is this the plumber) button[name=action_open_conversation]",
            run: "click",
        },
        {
            isActive: ["mobile"],
            trigger:
                ".o_kanban_record:contains(Is this the plumber) button[name=action_open_conversation]",
            run: "click",
        },
        {
            content: "What was said with this number",
            trigger:
                ".modal .o_fsm_conversation_theirs:contains(Is this the plumber):contains(Not matched)",
        },
        {
            content: "A prepared text for who is not known",
            trigger: ".modal .o_fsm_write_back_templates",
            run: "selectByLabel Who Is This?",
        },
        {trigger: ".modal .o_fsm_write_back_size:contains(SMS)"},
        {
            trigger: ".modal .o_fsm_write_back_text",
            run: "edit Yes, this is Acme.",
        },
        {
            content: "Send",
            trigger: ".modal .o_fsm_write_back_send:enabled",
            run: "click",
        },
        {
            content: "It stands in the conversation",
            trigger:
                ".modal .o_fsm_conversation_ours:last .o_fsm_conversation_bubble:contains(Yes, this is Acme.)",
        },
        ...close(),
        {
            content: "Nobody has to see to it any more",
            trigger: ".o_action_manager:not(:contains(Is this the plumber))",
        },
    ],
});

tours.add("fsm_dialogs_unmatched_read_only", {
    steps: () => [
        {trigger: ".o_action_manager:contains(Is this the plumber)"},
        {
            trigger:
                ".o_action_manager:not(:has(button[name=action_open_conversation]))",
        },
    ],
});

tours.add("fsm_dialogs_propose_first", {
    steps: () => [
        {
            isActive: ["mobile"],
            trigger: ".o_form_view .o_statusbar_buttons button[title=More]",
            run: "click",
        },
        {
            content: "Propose times to who was asked nothing yet",
            trigger: "button[name=action_propose_times]",
            run: "click",
        },
        {
            trigger: ".modal [name=contact_name]:contains(Maria Gomez)",
        },
        ...sendTimes,
    ],
});

tours.add("fsm_dialogs_email", {
    steps: () => [
        ...openSend,
        {
            content: "The contact has no number: no Send, but another way",
            trigger: ".modal:not(:has(button[name=action_send])) .alert-danger",
        },
        {
            content: "Ask by e-mail",
            trigger: ".modal [data-action=ask_by_email]",
            run: "click",
        },
        {
            content: "It says to which address",
            trigger: ".modal [name=email]:contains(maria@example.com)",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            trigger:
                ".o_notification:contains(The e-mail to Maria Gomez is on its way)",
        },
        noDialog,
        {trigger: ".o_fsm_status_header [data-status=awaiting]"},
    ],
});
