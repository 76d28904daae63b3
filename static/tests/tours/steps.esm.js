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
