<?php
// Rendered by Mailward from mailward.toml; a change made here is lost at the next generation.

$config = [];

// Its own database, and the key with which a session's password is encrypted: never in this file.
$config['db_dsnw'] = 'sqlite:///' . '/srv/mailward/state/webmail/roundcube.sqlite' . '?mode=0600';
$config['des_key'] = trim((string) @file_get_contents('/srv/mailward/secrets/roundcube.key'));
$config['cipher_method'] = 'AES-256-CBC';

// The mailbox's own log-in is used everywhere, over loopback.
$config['imap_host'] = '127.0.0.1:2803';
$config['imap_auth_type'] = 'PLAIN';
$config['imap_delimiter'] = '/';
$config['smtp_host'] = '127.0.0.1:2805';
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['smtp_auth_type'] = 'PLAIN';
$config['smtp_helo_host'] = 'mx.mailward.localhost';
$config['username_domain'] = '%d';
$config['mail_domain'] = '%d';
$config['login_lc'] = 2;

$config['plugins'] = ['archive', 'jqueryui', 'managesieve', 'markasjunk', 'newmail_notifier'];
$config['managesieve_host'] = '127.0.0.1:2804';
$config['managesieve_auth_type'] = 'PLAIN';
$config['managesieve_vacation'] = 1;
$config['managesieve_forward'] = 1;

// Who may ask, and by what: only webmail.<domain>, only HTTPS.
$config['trusted_host_patterns'] = ['^webmail\.[a-z0-9._-]+$'];
$config['use_https'] = true;
$config['session_samesite'] = 'Strict';
$config['session_lifetime'] = 30;
$config['session_storage'] = 'db';
$config['login_autocomplete'] = 2;
$config['login_rate_limit'] = 5;
$config['x_frame_options'] = 'sameorigin';
$config['enable_installer'] = false;

$config['product_name'] = 'Webmail';
$config['display_product_info'] = 0;
$config['useragent'] = null;
$config['support_url'] = '';
$config['skin'] = 'elastic';
$config['language'] = null;
$config['date_format'] = 'Y-m-d';
$config['max_message_size'] = '36M';

// Nothing is asked of the internet.
$config['enable_spellcheck'] = false;
$config['identities_level'] = 1;
$config['create_default_folders'] = false;
$config['drafts_mbox'] = 'Drafts';
$config['junk_mbox'] = 'Junk';
$config['sent_mbox'] = 'Sent';
$config['trash_mbox'] = 'Trash';
$config['archive_mbox'] = 'Archive';

$config['log_driver'] = 'file';
$config['log_dir'] = '/srv/mailward/log/webmail/';
$config['log_logins'] = true;
$config['log_date_format'] = 'Y-m-d\TH:i:sP';
$config['temp_dir'] = '/srv/mailward/state/webmail/temp/';
$config['mime_types'] = '/etc/mime.types';
