import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const connect = {
    content: "One click in the settings",
    trigger: "#job_confirmation_connection button:contains(Connect)",
    run: "click",
};
const close = [
    {
        trigger: ".modal footer button:contains(Close)",
        run: "click",
    },
    {trigger: "body:not(:has(.modal))"},
];
const connected = [
    {
        content: "It says that it worked",
        trigger: ".modal .alert-success:contains(replies come to this Odoo)",
    },
    {
        content: "Every line has its word, not only a color",
        trigger: ".modal [data-check=webhook_ok][data-level=ok]:contains(OK)",
    },
    {
        content: "There is nothing left to connect",
        trigger: ".modal footer:not(:has(button[name=action_connect]))",
    },
];

tours.add("fsm_confirmation_setup_connect", {
    steps: () => [
        {
            content: "The settings say that replies do not arrive",
            trigger: "#job_confirmation_connection:contains(Not connected)",
        },
        connect,
        ...connected,
        {
            content: "It begins with what was found, not at the field further down",
            trigger: "body:not(:has(.modal [name=test_number] input:focus))",
        },
        {
            content: "A test text to one's own phone",
            trigger: ".modal [name=test_number] input",
            run: "edit (212) 555-0188",
        },
        {
            trigger: ".modal button[name=action_send_test]",
            run: "click",
        },
        {trigger: ".modal .alert-success:contains(Delivered to +1 212-555-0188)"},
        ...close,
    ],
});

tours.add("fsm_confirmation_setup_elsewhere", {
    steps: () => [
        connect,
        {
            content: "It shows where replies go, and asks",
            trigger: ".modal .alert-warning:contains(https://old.example.com/sms)",
        },
        {
            content: "No is an answer: it is only looked at",
            trigger: ".modal button:contains('No, Leave It')",
            run: "click",
        },
        {
            trigger:
                ".modal:not(:has(.alert-warning)) [data-check=webhook_elsewhere]:contains(Problem)",
        },
        {
            trigger: ".modal footer button[name=action_connect]",
            run: "click",
        },
        {
            trigger: ".modal button:contains('Yes, Change It')",
            run: "click",
        },
        ...connected,
        ...close,
    ],
});

tours.add("fsm_confirmation_setup_check", {
    steps: () => [
        {
            trigger: "button[name=action_job_confirmation_check]",
            run: "click",
        },
        {
            content: "What is wrong, and what to do",
            trigger:
                ".modal [data-check=account_credentials][data-level=problem]:contains(Problem):contains(copy both again)",
        },
        {
            trigger:
                ".modal [data-check=reply_none][data-level=warning]:contains(Warning)",
        },
        {trigger: ".modal [data-check=signature_ok][data-level=ok]:contains(OK)"},
        {
            trigger: ".modal footer button:contains(Check Again)",
            run: "click",
        },
        {trigger: ".modal [data-check=account_credentials]"},
        ...close,
    ],
});
