import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

// The board is a list on a desktop and cards on a phone.
const row = (name) =>
    `.o_data_row:contains(${name}), .o_kanban_record:contains(${name})`;
const inRow = (name, selector) =>
    `.o_data_row:contains(${name}) ${selector}, .o_kanban_record:contains(${name}) ${selector}`;
const tile = (key, count) =>
    `.o_fsm_mc_tile[data-tile=${key}] .o_fsm_mc_count:contains(${count})`;

tours.add("fsm_day_board", {
    steps: () => [
        {
            content: "Everybody of the day is there, asked or not",
            trigger: ".o_fsm_board_summary:contains(33% of 3 confirmed)",
        },
        {trigger: tile("not_asked", 1)},
        {trigger: tile("cant_ask", 1)},
        {trigger: tile("confirmed", 1)},
        {content: "Why one can't be asked", trigger: row("No contact has a mobile")},
        {
            content: "A tile filters",
            trigger: ".o_fsm_mc_tile[data-tile=cant_ask]",
            run: "click",
        },
        {trigger: "body:not(:has(:contains(Ann Able))) .o_fsm_mc_tile.active"},
        {
            content: "and lets go again",
            trigger: ".o_fsm_mc_tile[data-tile=cant_ask]",
            run: "click",
        },
        {
            content: "Send from the row",
            trigger: inRow("Ann Able", "[data-step=send]"),
            run: "click",
        },
        {trigger: ".modal button[name=action_send]", run: "click"},
        {
            content: "The row and the tiles follow",
            trigger: inRow("Ann Able", "[data-status=awaiting]"),
        },
        {trigger: tile("awaiting", 1)},
        {
            content: "The customer called: set the answer",
            trigger: inRow("Ann Able", ".o_fsm_board_state"),
            run: "click",
        },
        {trigger: ".o_fsm_status_menu [data-status=confirmed]", run: "click"},
        {trigger: inRow("Ann Able", "[data-status=confirmed]")},
        {trigger: ".o_fsm_board_summary:contains(66% of 3 confirmed)"},
        {
            content: "Another day",
            trigger: "button[aria-label='Next day']",
            run: "click",
        },
        {trigger: ".o_fsm_board_summary:contains(No appointments)"},
        {trigger: "button[aria-label='Previous day']", run: "click"},
        {trigger: row("Ann Able")},
        {
            content: "Open the conversation",
            trigger: inRow("Ann Able", "[data-step=conversation]"),
            run: "click",
        },
        {trigger: ".modal .o_fsm_confirmation_bubble:contains(Reply YES)"},
        {trigger: ".modal footer button:contains(Close)", run: "click"},
        {trigger: "body:not(:has(.modal))"},
    ],
});

tours.add("fsm_day_board_technician", {
    steps: () => [
        {trigger: ".o_data_row:contains(Ann Able)"},
        {trigger: ".o_fsm_board_technician", run: "click"},
        {trigger: ".o_group_header:contains(Bob Ray)"},
        {trigger: ".o_data_row:contains(Ann Able)"},
        {content: "All who were not asked", trigger: ".o_fsm_board_ask", run: "click"},
        {trigger: ".modal:contains(Ann Able)"},
        {trigger: ".modal button[name=action_send]", run: "click"},
        {trigger: ".o_data_row:contains(Ann Able) [data-status=awaiting]"},
        {content: "The calendar", trigger: ".o_switch_view.o_calendar", run: "click"},
        {
            content: "opens on the day that was looked at",
            trigger: ".o_calendar_renderer .o_event:contains(Ann Able)",
        },
        {trigger: ".o_switch_view.o_list", run: "click"},
        {trigger: ".o_group_header:contains(Bob Ray)"},
    ],
});

tours.add("fsm_day_board_read", {
    steps: () => [
        {trigger: row("Ann Able")},
        {trigger: "body:not(:has(.o_fsm_board_ask)):not(:has(.o_fsm_board_state))"},
        {trigger: inRow("Ann Able", "[data-step=call][href^='tel:']")},
    ],
});
