import {CharField, charField} from "@web/views/fields/char/char_field";
import {_t} from "@web/core/l10n/translation";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";

/**
 * The name of a language for the user, as the browser knows it.
 *
 * @param {String} code two letters, or "any"
 * @returns {String} the code itself when it is none
 */
export function nameLanguage(code) {
    if (code === "any") {
        return _t("Any language");
    }
    try {
        const names = new Intl.DisplayNames([user.lang], {type: "language"});
        return names.of(code);
    } catch {
        return code || "";
    }
}

/** A language's code, shown by its name. */
class LanguageField extends CharField {
    get formattedValue() {
        return nameLanguage(super.formattedValue);
    }
}

registry.category("fields").add("fsm_confirmation_language", {
    ...charField,
    component: LanguageField,
    displayName: _t("Language"),
});

class ReplyWordsModel extends listView.Model {
    static Group = class extends listView.Model.Group {
        setup() {
            super.setup(...arguments);
            if (this.groupByField.name === "lang") {
                this.displayName = nameLanguage(this.value);
            }
        }
    };
}

/** Reply words, grouped by the names of their languages. */
registry.category("views").add("fsm_confirmation_word_list", {
    ...listView,
    Model: ReplyWordsModel,
});
