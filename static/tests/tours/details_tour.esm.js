import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const position = (shown) => `.modal .o_fsm_pager:contains(${shown})`;
const said = (words) => `.modal .o_fsm_conversation_theirs:contains(${words})`;

tours.add("fsm_details_pager", {
    steps: () => [
        {
            isActive: ["desktop"],
            content: "Open the newest message",
            trigger: ".o_data_row:contains(Zoe Last) .o_fsm_confirmation_link:first",
            run: "click",
        },
        {
            isActive: ["mobile"],
            trigger: ".o_kanban_record:contains(Zoe Last)",
            run: "click",
        },
        {trigger: said("Yes from Zoe")},
        {trigger: position("1 / 2")},
        {
            content: "There is none before it",
            trigger: ".modal button[aria-label='Previous message']:disabled",
        },
        {trigger: ".modal button[aria-label='Next message']", run: "click"},
        {content: "The next one, in the same dialog", trigger: said("Yes from Maria")},
        {trigger: position("2 / 2")},
        {trigger: ".modal button[aria-label='Next message']:disabled"},
        {trigger: ".modal button[aria-label='Previous message']", run: "click"},
        {trigger: said("Yes from Zoe")},
        {trigger: ".modal footer button:contains(Close)", run: "click"},
        {trigger: "body:not(:has(.modal))"},
    ],
});

tours.add("fsm_details_opt_out", {
    steps: () => [
        {
            isActive: ["mobile"],
            content: "On a phone the buttons are in a menu",
            trigger: ".o-form-buttonbox .o_button_more",
            run: "click",
        },
        {trigger: "button[name=action_opt_out]", run: "click"},
        {
            content: "It says what it does",
            trigger: ".modal .alert-warning:contains(will get no more texts)",
        },
        {
            trigger: ".modal [name=note] input",
            run: "edit Wants calls only",
        },
        {
            trigger: ".modal button[name=action_apply]:contains(Opt Out)",
            run: "click",
        },
        {
            content: "The contact says so",
            trigger: ".o_form_view .alert-danger:contains(Opted out on)",
        },
        {trigger: "body:not(:has(.modal)):not(:has(button[name=action_opt_out]))"},
    ],
});

tours.add("fsm_details_word_trial", {
    steps: () => [
        {
            content: "Languages have names",
            trigger: ".o_group_header:contains(English)",
        },
        {
            isActive: ["mobile"],
            content: "On a phone the buttons are in a menu",
            trigger: ".o_control_panel button.o-control-panel-adaptive-dropdown",
            run: "click",
        },
        {
            trigger: "button:contains(What Would This Text Mean?):visible",
            run: "click",
        },
        {
            trigger: ".modal [name=body] textarea",
            run: "edit Yes, the gate code is 4417",
        },
        {trigger: ".modal button[name=action_try]", run: "click"},
        {trigger: ".modal [name=outcome]:contains(the appointment is confirmed)"},
        {
            content: "and what is left to read",
            trigger: ".modal [name=note]:contains(gate code is 4417)",
        },
        {trigger: ".modal footer button:contains(Close)", run: "click"},
        {trigger: "body:not(:has(.modal))"},
    ],
});
