// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
// A module is what is named so, as at OCA; whatever is not allowed there fails here.
const {recommended} = require("@eslint/js").configs;
const globals = require("globals");

const strict = `
    array-callback-return complexity dot-notation eqeqeq init-declarations no-alert
    no-duplicate-imports no-else-return no-empty-function no-eq-null no-eval
    no-inline-comments no-lonely-if no-negated-condition no-new no-param-reassign
    no-return-assign no-self-compare no-shadow no-throw-literal no-unneeded-ternary
    no-unused-expressions no-use-before-define no-useless-concat no-useless-rename
    operator-assignment prefer-const radix spaced-comment yoda
`;

module.exports = [
    {
        languageOptions: {
            globals: {...globals.browser, luxon: "readonly", odoo: "readonly"},
            sourceType: "script",
        },
        rules: {
            ...recommended.rules,
            ...Object.fromEntries(strict.match(/\S+/g).map((rule) => [rule, "error"])),
            complexity: ["error", 12],
            // Only what --fix sorts; OCA warns of the order of whole imports.
            "sort-imports": ["error", {ignoreDeclarationSort: true}],
        },
    },
    {
        files: ["**/*.esm.js", "**/*.test.js"],
        languageOptions: {sourceType: "module"},
    },
];
