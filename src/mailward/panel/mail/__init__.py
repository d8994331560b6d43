"""Mail settings, e-mail addresses and their passwords, and what a mail client will say."""
