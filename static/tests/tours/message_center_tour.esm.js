import {openDetails, openSend} from "./steps.esm";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const details = [
    ...openDetails,
    {
        content: "The dialog shows the text and the reply",
        trigger:
            ".modal .o_fsm_confirmation_bubble:contains(Reply YES to confirm or NO)",
    },
    {trigger: ".modal .o_fsm_conversation_theirs:contains(Yes, thank you)"},
    {
        content: "Close",
        trigger: ".modal footer button:contains(Close)",
        run: "click",
    },
    {trigger: "body:not(:has(.modal))"},
];

tours.add("fsm_confirmation_send", {
    steps: () => [
        ...openSend,
        {
            content: "The contact is filled in",
            trigger: ".modal [name=mobile_display]:contains((212) 555-0123)",
        },
        {
            content: "The text is shown as it will be sent",
            trigger: ".modal .o_fsm_confirmation_bubble:contains(Acme Services:)",
        },
        {
            content: "Send",
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            content: "The dialog closes and the status is awaiting",
            trigger: "body:not(:has(.modal)) .o_form_view",
        },
        {
            isActive: ["desktop"],
            trigger: ".o-mail-Message:contains(Text message to Maria Gomez)",
        },
    ],
});

tours.add("fsm_confirmation_read", {
    steps: () => [
        {
            content: "The row is green, with its word",
            trigger:
                ".o_content .o_fsm_look_confirmed:contains(Confirmed), .o_kanban_record .o_fsm_look_confirmed:contains(Confirmed)",
        },
        ...details,
        {
            content: "A click on the Job ID opens the Work Order",
            isActive: ["desktop"],
            trigger: ".o_data_row [name=job_name] .o_fsm_confirmation_link",
            run: "click",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_form_view .o-mail-Message:contains(Yes, thank you)",
        },
    ],
});

tours.add("fsm_confirmation_refused", {
    steps: () => [
        ...openSend,
        {
            content: "The dialog says why, and has no Send",
            trigger:
                ".modal:not(:has(button[name=action_send])) .alert-danger:contains(Opted out on)",
        },
        {
            trigger: ".modal footer button:contains(Cancel)",
            run: "click",
        },
        {trigger: "body:not(:has(.modal))"},
    ],
});

tours.add("fsm_confirmation_visits", {
    steps: () => [
        ...openSend,
        {
            content: "The next visit is chosen",
            trigger: ".modal .o_fsm_confirmation_bubble:contains(9:00 AM)",
        },
        {
            content: "Choose the other one",
            trigger: ".modal [name=visit_id] .o_select_menu_toggler",
            run: "click",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_select_menu_item:contains(Visit 2)",
            run: "click",
        },
        {
            // A bottom sheet, which a tour takes for something below the dialog.
            isActive: ["mobile"],
            trigger: "body:has(.o_select_menu_item:contains(Visit 2))",
            run: () => {
                const items = [...document.querySelectorAll(".o_select_menu_item")];
                items.find((item) => item.textContent.includes("Visit 2")).click();
            },
        },
        {
            content: "The message follows the choice",
            trigger: ".modal .o_fsm_confirmation_bubble:contains(3:00 PM)",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {trigger: "body:not(:has(.modal)) .o_form_view"},
    ],
});

tours.add("fsm_confirmation_read_only", {
    steps: () => [
        ...details,
        {
            content: "Open the Work Order: no Send button",
            isActive: ["desktop"],
            trigger: ".o_data_row [name=job_name] .o_fsm_confirmation_link",
            run: "click",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_form_view:not(:has(button[name=action_send_confirmation]))",
        },
    ],
});
