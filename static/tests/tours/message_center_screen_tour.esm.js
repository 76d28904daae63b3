import {chooseDeclined} from "./steps.esm";
import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const ROW = ".o_data_row, .o_kanban_record:not(.o_kanban_ghost)";

/** Exactly these contacts are shown. */
const shows = (...names) => ({
    content: `Shown: ${names.join(", ") || "nobody"}`,
    trigger: `.o_action_manager:not(:has(.o_view_sample_data))`,
    async run() {
        const contacts = () =>
            [...document.querySelectorAll(ROW)].map((row) => {
                const cell = row.querySelector("[name=contact_name]");
                return (cell || row.querySelector(".fw-bold")).textContent.trim();
            });
        const wanted = JSON.stringify([...names].sort());
        let found = "";
        for (let tries = 0; tries < 50; tries++) {
            found = JSON.stringify(contacts().sort());
            if (found === wanted) {
                return;
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`Expected ${wanted}, found ${found}`);
    },
});

// On a phone the search bar opens with a button.
const openSearch = {
    isActive: ["mobile"],
    trigger: ".o_control_panel_navigation button:has(.fa-search)",
    run: "click",
};

const search = (text) => [
    {
        content: `Search ${text}`,
        trigger: ".o_searchview_input",
        run: `edit ${text}`,
    },
    {
        // Brackets have a meaning of their own in a selector.
        trigger: `.o_searchview_autocomplete .o-dropdown-item:first:contains(${text.replace(/^\(.*\) /, "")})`,
        run: "click",
    },
];

const removeFacet = [
    {
        content: "Take the facet away",
        trigger: ".o_searchview_facet .o_facet_remove",
        run: "click",
    },
];

const tile = (key) => ({
    content: `Click the tile ${key}`,
    trigger: `.o_fsm_mc_tile[data-tile=${key}]`,
    run: "click",
});

const ALL = ["Ann Able", "Ben Bold", "Cleo Cole"];

const found = (text, ...names) => [
    ...search(text),
    shows(...names),
    ...removeFacet,
    shows(...ALL),
];

tours.add("fsm_confirmation_screen_search", {
    steps: () => [
        shows(...ALL),
        openSearch,
        ...found("able", "Ann Able"),
        ...found("Lakeside", "Ben Bold"),
        ...found("(202) 555-0171", "Ann Able"),
        ...found("+1202555017", "Ann Able", "Ben Bold"),
        ...found("5550172", "Ben Bold"),
        ...found("202-555-0171", "Ann Able"),
        ...found("0012025550171", "Ann Able"),
        ...found("MSG-CLEO", "Cleo Cole"),
        ...search("nobody at all"),
        {
            content: "Nothing is found, and the screen says how to go on",
            trigger: ".o_fsm_mc_clear_search",
            run: "click",
        },
        shows(...ALL),
    ],
});

tours.add("fsm_confirmation_screen_filters", {
    steps: () => [
        {
            content: "The tiles count",
            trigger:
                ".o_fsm_mc_tile[data-tile=awaiting][aria-label='Awaiting: 1'][aria-pressed=false]",
        },
        {trigger: ".o_fsm_mc_tile[data-tile=confirmed][aria-label='Confirmed: 1']"},
        {trigger: ".o_fsm_mc_tile[data-tile=failed][aria-label='Not delivered: 1']"},
        tile("awaiting"),
        shows("Ann Able"),
        {trigger: ".o_fsm_mc_tile[data-tile=awaiting][aria-pressed=true]"},
        {
            content: "The others still count",
            trigger: ".o_fsm_mc_tile[data-tile=failed][aria-label='Not delivered: 1']",
        },
        tile("confirmed"),
        shows("Ben Bold"),
        tile("confirmed"),
        shows(...ALL),
        openSearch,
        {
            content: "The menu of filters",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            trigger: ".o_filter_menu .o_menu_item:contains('Not Delivered')",
            run: "click",
        },
        {trigger: ".o_fsm_mc_tile[data-tile=failed][aria-pressed=true]"},
        shows("Cleo Cole"),
    ],
});

tours.add("fsm_confirmation_screen_dates", {
    steps: () => [
        {
            content: "Texts of two days: both count",
            trigger: "#o_fsm_mc_start",
            run: "edit 03/08/2026",
        },
        {trigger: "#o_fsm_mc_start", run: "press Enter"},
        shows("Ann Able", "Ben Bold"),
        {trigger: "#o_fsm_mc_end", run: "edit 03/08/2026"},
        {trigger: "#o_fsm_mc_end", run: "press Enter"},
        // Ann's left at 11 in the evening of that day, Ben's at midnight after it.
        shows("Ann Able"),
        {trigger: ".o_fsm_mc_tile[data-tile=awaiting][aria-label='Awaiting: 1']"},
        {trigger: ".o_fsm_mc_tile[data-tile=confirmed][aria-label='Confirmed: 0']"},
        {
            content: "Another view keeps the dates",
            isActive: ["desktop"],
            trigger: ".o_switch_view.o_kanban",
            run: "click",
        },
        {isActive: ["desktop"], trigger: ".o_kanban_record:contains(Ann Able)"},
        shows("Ann Able"),
        {
            isActive: ["desktop"],
            trigger: ".o_switch_view.o_graph",
            run: "click",
        },
        {isActive: ["desktop"], trigger: ".o_graph_renderer"},
        {
            isActive: ["desktop"],
            trigger: ".o_fsm_mc_tile[data-tile=awaiting][aria-label='Awaiting: 1']",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_switch_view.o_pivot",
            run: "click",
        },
        {isActive: ["desktop"], trigger: ".o_pivot td:contains(1)"},
        {
            isActive: ["desktop"],
            trigger: ".o_switch_view.o_list",
            run: "click",
        },
        {
            content: "So does the way back from a Work Order",
            isActive: ["desktop"],
            trigger: ".o_data_row [name=job_name] .o_fsm_confirmation_link",
            run: "click",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_form_view",
        },
        {
            isActive: ["desktop"],
            trigger: ".o_back_button a, .breadcrumb-item a:contains(Messages)",
            run: "click",
        },
        shows("Ann Able"),
        {
            trigger: ".o_fsm_mc_days:has(#o_fsm_mc_start:value(03/08/2026))",
        },
        {
            content: "The days in the wrong order are swapped, and the page says so",
            trigger: "#o_fsm_mc_end",
            run: "edit 03/01/2026",
        },
        {trigger: "#o_fsm_mc_end", run: "press Enter"},
        {trigger: ".o_fsm_mc_said:contains(swapped)"},
        {trigger: ".o_fsm_mc_clear", run: "click"},
        shows(...ALL),
        {
            content: "Who has not answered about tomorrow?",
            trigger: "[data-preset=appointments_tomorrow]",
            run: "click",
        },
        shows("Ann Able", "Cleo Cole"),
        tile("awaiting"),
        shows("Ann Able"),
    ],
});

const toReplies = [
    {
        content: "Unmatched replies are one click away",
        trigger: ".o_fsm_mc_unmatched:contains(1 unmatched reply)",
        run: "click",
    },
    {
        trigger:
            ".o_data_row:contains(hello there), .o_kanban_record:contains(hello there)",
    },
];

// A phone shows a chart where a chart was asked for, and not the messages' cards.
tours.add("fsm_confirmation_screen_analysis", {
    steps: () => [{trigger: ".o_graph_view .o_graph_canvas_container canvas"}],
});

tours.add("fsm_confirmation_screen_attach", {
    steps: () => [
        ...toReplies,
        {trigger: "button[name=action_attach]", run: "click"},
        {
            content: "Choose the message",
            isActive: ["desktop"],
            trigger: ".modal [name=confirmation_id] input",
            run: "edit Ben",
        },
        {
            isActive: ["desktop"],
            trigger: ".o-autocomplete--dropdown-item:contains(Ben Bold)",
            run: "click",
        },
        {
            content: "A phone shows the messages in a dialog",
            isActive: ["mobile"],
            trigger: ".modal [name=confirmation_id] input",
            run: "click",
        },
        {
            isActive: ["mobile"],
            trigger: ".modal .o_kanban_record:contains(Ben Bold)",
            run: "click",
        },
        // What was not understood a person has to choose.
        ...chooseDeclined,
        {trigger: ".modal button[name=action_apply]", run: "click"},
        {
            content: "None is left, and the screen says what belongs here",
            trigger: ".o_view_nocontent:contains(No unmatched replies)",
        },
    ],
});

tours.add("fsm_confirmation_screen_read_only", {
    steps: () => [
        ...toReplies,
        {
            content: "A reader sees replies and resolves none",
            trigger:
                "body:not(:has(button[name=action_attach], button[name=action_done]))",
        },
    ],
});
