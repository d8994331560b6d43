"""What the pages of people say for roles' reaches and for the acts that a token allows."""

from collections.abc import Mapping

from mailward.model.rights import Act, Reach
from mailward.model.sentence import Sentence

REACHES: Mapping[Reach, Sentence] = {
    Reach.HOST: Sentence("for the whole host"),
    Reach.CUSTOMER: Sentence("for one customer"),
    Reach.DOMAIN: Sentence("for one domain"),
    Reach.MAILBOX: Sentence("for one mailbox"),
}

ACTS: Mapping[Act, Sentence] = {
    Act.CUSTOMERS_READ: Sentence("See customers"),
    Act.CUSTOMERS_CHANGE: Sentence("Add customers"),
    Act.DOMAINS_READ: Sentence("See domains and how they stand"),
    Act.DOMAINS_ADD: Sentence("Add domains"),
    Act.DOMAINS_REMOVE: Sentence("Remove domains"),
    Act.CERTIFICATES_READ: Sentence("See and download certificates"),
    Act.CERTIFICATES_CHANGE: Sentence("Order, upload and renew certificates"),
    Act.CERTIFICATES_CHOOSE: Sentence("Choose which certificate is shown"),
    Act.CERTIFICATES_REVOKE: Sentence("Revoke certificates"),
    Act.DOORS_READ: Sentence("See what was met at the doors"),
    Act.DOORS_VERIFY: Sentence("Have the doors looked at now"),
    Act.CLIENTS_READ: Sentence("See what mail clients will say"),
    Act.MAILBOXES_READ: Sentence("See mailboxes and aliases"),
    Act.MAILBOXES_CHANGE: Sentence("Add and change mailboxes and aliases"),
    Act.MAILBOXES_REMOVE: Sentence("Remove mailboxes"),
    Act.PASSWORDS_CHANGE: Sentence("Change passwords of mailboxes"),
    Act.SERVER_READ: Sentence("See the server's settings"),
    Act.SERVER_CHANGE: Sentence("Change the server's settings and certificates"),
    Act.RUNS_READ: Sentence("See all runs"),
    Act.RUNS_APPLY: Sentence("Apply the configuration"),
    Act.RUNS_ROLLBACK: Sentence("Roll the configuration back"),
    Act.PEOPLE_READ: Sentence("See people and groups"),
    Act.PEOPLE_CHANGE: Sentence("Invite people, close and open their accounts"),
    Act.ROLES_CHANGE: Sentence("Give and take roles"),
    Act.EVENTS_READ: Sentence("See the activity"),
    Act.DNS_READ: Sentence("See DNS records"),
    Act.DNS_CHANGE: Sentence("Change DNS records"),
}
