"""Which change each form, operation and command is, and which of them change nothing."""

from __future__ import annotations

_TIDE = "/sites/{site}/collectors/{collector}"
_ONE = "/v1/admin/sites/{site}/collectors/{name}"
FORMS = {
    "POST /sites/{site}/keys": "create_site_key",
    "POST /v1/admin/sites/{site}/keys": "create_site_key",
    "POST /sites/{site}/keys/end": "end_site_key",
    "DELETE /v1/admin/sites/{site}/keys/{id}": "end_site_key",
    "POST /sites/{site}/shares": "create_share",
    "POST /sites/{site}/shares/end": "end_share",
    "POST /sites/{site}/letters": "subscribe",
    "POST /sites/{site}/letters/test": "send_test_letter",
    "POST /sites/{site}/letters/end": "end_subscription",
    "POST /letters/confirm": "confirm_subscription",
    "POST /unsubscribe/{word}": "unsubscribe",
    "POST /sites/{site}/publish": "publish_policy",
    "PUT /v1/admin/sites/{site}/policy": "publish_policy",
    "POST /sites/{site}/unschedule": "unschedule_policy",
    "DELETE /v1/admin/sites/{site}/scheduled": "unschedule_policy",
    "POST /retire-site": "retire_site",
    "DELETE /v1/admin/sites/{site}": "retire_site",
    "PUT /v1/admin/sites/{site}/limit": "limit_site",
    "POST /sites/{site}/limit": "limit_site",
    "POST /host-policy": "save_host_policy",
    "PUT /v1/admin/ceiling": "save_host_policy",
    "POST /host-policy/webhook": "save_webhook",
    "POST /sites/{site}/webhook": "save_webhook",
    f"POST {_TIDE}/webhook": "save_webhook",
    **{
        f"{method} {path}": change
        for path in ("/v1/admin/webhook", "/v1/admin/sites/{site}/webhook", f"{_ONE}/webhook")
        for method, change in (("PUT", "save_webhook"), ("DELETE", "remove_webhook"))
    },
    "POST /v1/admin/webhook/test": "send_test",
    "POST /v1/admin/sites/{site}/webhook/test": "send_test",
    f"POST {_ONE}/webhook/test": "send_test",
    "POST /sites/{site}/place": "save_collector",
    f"POST {_TIDE}/edit": "save_collector",
    f"PUT {_ONE}": "save_collector",
    f"POST {_TIDE}/state": "set_collector_state",
    f"POST {_ONE}/state": "set_collector_state",
    f"POST {_TIDE}/key": "renew_write_key",
    f"POST {_ONE}/key": "renew_write_key",
    "POST /setup": "set_up_admin",
    "POST /invitation": "accept_invitation",
    "POST /members/invite": "invite_member",
    "POST /v1/admin/invitations": "invite_member",
    "POST /members/withdraw": "withdraw_invitation",
    "DELETE /v1/admin/invitations/{id}": "withdraw_invitation",
    "POST /members/{name}": "change_member",
    "PUT /v1/admin/members/{name}": "change_member",
    "POST /members/{name}/remove": "remove_member",
    "DELETE /v1/admin/members/{name}": "remove_member",
    "POST /members/{name}/sessions": "end_session",
    "POST /account/sessions": "end_session",
    "POST /account/tokens": "create_token",
    "POST /account/tokens/end": "end_token",
    "POST /members/{name}/tokens": "end_token",
    "DELETE /v1/admin/tokens/{id}": "end_token",
    "POST /account": "change_password",
}
COMMANDS = {
    "figures import": "import_figures",
    "figures remove": "remove_imported",
    "site add": "publish_policy",
    "policy publish": "publish_policy",
    "policy unschedule": "unschedule_policy",
    "webhook set": "save_webhook",
    "webhook remove": "remove_webhook",
    "webhook test": "send_test",
    "site key": "create_site_key",
    "site keys": "end_site_key",
    "site retire": "retire_site",
    "site remove": "remove_site",
    "site limit": "limit_site",
    "host set": "save_host_policy",
    "host link": "create_set_up_link",
    "keys rotate": "rotate_keys",
    "backup": "record_backup",
    "collector add": "save_collector",
    "collector state": "set_collector_state",
    "collector key": "renew_write_key",
}
# Nothing of the registry changes by these: they look, sign in and out, or are about files.
NO_CHANGES = {
    *("POST /sign-in", "POST /sign-out", "POST /oidc/start", "POST /sites"),
    *("POST /sites/{site}/test", "POST /sites/{site}/test/end"),
    "POST /v1/admin/sites/{site}/policy/preview",
    *("POST /v1/admin/ceiling/preview", "POST /v1/admin/sites/{site}/collectors/{name}/check"),
    *("close", "demo", "doctor", "geo", "import", "init", "migrate", "serve", "receipt verify"),
    "restore",
    *("ledger check", "ledger verify", "ledger export"),
    *("collector check", "collector list", "host init", "host show"),
    *("policy check", "policy diff", "policy explain", "site list", "snippet", "webhook show"),
    *("service list", "service show", "service add", "figures list"),
}
# Functions that nobody asks for by a face above: previews, jobs, what visitors do, and coming in by
# a provider, which ends at its callback (tests/unit/dashboard/test_oidc.py).
OTHERS = {
    *(
        "preview",
        "preview_publish",
        "asked_again",
        "host_policy_number",
        "follow_file",
        "read_site_keys",
    ),
    *("oldest_day", "oldest_days"),
    *("sign_in_with_identity", "join_identity", "use_invitation", "end_invitations_of"),
    *("record", "record_now", "settle", "me", "erase", "restrict", "pseudonyms", "link"),
}
