/** Choose Declined as the answer in a dialog. */
export const chooseDeclined = [
    {
        trigger: ".modal [name=response] .o_select_menu_toggler",
        run: "click",
    },
    {
        isActive: ["desktop"],
        trigger: ".o_select_menu_item:contains(Declined)",
        run: "click",
    },
    {
        // A bottom sheet, which a tour takes for something below the dialog.
        isActive: ["mobile"],
        trigger: "body:has(.o_select_menu_item:contains(Declined))",
        run: () => {
            const items = [...document.querySelectorAll(".o_select_menu_item")];
            items.find((item) => item.textContent.includes("Declined")).click();
        },
    },
];

// On a phone the buttons of a Work Order but the first are in a menu.
export const openSend = [
    {
        isActive: ["mobile"],
        trigger: ".o_form_view .o_statusbar_buttons button[title=More]",
        run: "click",
    },
    {
        content: "Open the Send dialog",
        trigger: "button[name=action_send_confirmation]",
        run: "click",
    },
];

/** Open the details of the first message. */
export const openDetails = [
    {
        isActive: ["desktop"],
        content: "Open the details with the Message ID",
        trigger: ".o_data_row .o_fsm_confirmation_link:first",
        run: "click",
    },
    {
        isActive: ["mobile"],
        content: "Open the details",
        trigger: ".o_kanban_record:contains(Maria Gomez)",
        run: "click",
    },
];
