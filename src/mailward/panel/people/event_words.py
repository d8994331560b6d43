"""What the activity says for each word of the record. The record keeps the words; only pages speak in sentences."""

from collections.abc import Mapping

from mailward.model.sentence import Sentence

TOLD: Mapping[str, Sentence] = {
    "alias.added": Sentence("added an alias"),
    "alias.removed": Sentence("removed an alias"),
    "app-password.created": Sentence("made an app password"),
    "app-password.revoked": Sentence("revoked an app password"),
    "certificate.answered": Sentence("handed in the answer to a certificate request"),
    "certificate.chosen": Sentence("chose a certificate"),
    "certificate.ordered": Sentence("ordered a certificate"),
    "certificate.requested": Sentence("made a certificate request"),
    "certificate.revoked": Sentence("revoked a certificate"),
    "certificate.uploaded": Sentence("uploaded a certificate"),
    "configuration.asked": Sentence("had the configuration applied"),
    "customer.added": Sentence("added a customer"),
    "domain.added": Sentence("added a domain"),
    "domain.removed": Sentence("removed a domain"),
    "group.added": Sentence("added a group"),
    "group.joined": Sentence("put somebody into a group"),
    "group.left": Sentence("took somebody out of a group"),
    "group.removed": Sentence("removed a group"),
    "group.renamed": Sentence("renamed a group"),
    "mailbox.added": Sentence("added a mailbox"),
    "mailbox.disabled": Sentence("switched a mailbox off"),
    "mailbox.enabled": Sentence("switched a mailbox on"),
    "mailbox.password-changed": Sentence("changed a mailbox's password"),
    "mailbox.quota-changed": Sentence("changed a mailbox's quota"),
    "mailbox.removed": Sentence("removed a mailbox"),
    "password.changed": Sentence("changed their own password"),
    "person.closed": Sentence("closed an account"),
    "person.invited": Sentence("invited somebody"),
    "person.link-made": Sentence("made a link for choosing a password"),
    "person.opened": Sentence("opened an account again"),
    "person.password-chosen": Sentence("chose a password by their link"),
    "person.password-reset": Sentence("set somebody's password"),
    "person.signed-out": Sentence("signed somebody out everywhere"),
    "recovery-codes.made": Sentence("made recovery codes"),
    "role.granted": Sentence("gave a role"),
    "role.withdrawn": Sentence("took a role"),
    "rollback.asked": Sentence("had the configuration rolled back"),
    "second-factor.added": Sentence("set up a second factor"),
    "second-factor.removed": Sentence("removed a second factor"),
    "server.changed": Sentence("changed the server's settings"),
    "session.ended": Sentence("ended a session"),
    "sign-in-failed": Sentence("could not sign in"),
    "signed-in": Sentence("signed in"),
    "signed-out": Sentence("signed out"),
    "token.created": Sentence("made an API token"),
    "token.revoked": Sentence("revoked an API token"),
}
"""A word that isn't here is shown as it is."""

BROKEN: Mapping[str, Sentence] = {
    "changed": Sentence("It was changed after it was written."),
    "unlinked": Sentence("It does not follow the one before it: entries were taken out, put in or moved."),
    "unchained": Sentence("Its seal was taken off."),
    "rewritten": Sentence("It was written anew: root has seen another entry with this number."),
    "missing": Sentence("Root has seen it, and it is gone."),
    "truncated": Sentence("Root has seen it, and the record ends before it."),
}
"""How the chain is broken, by the words of store.chain.Break."""
