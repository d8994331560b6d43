<?php
// The defaults of the Roundcube that Debian installed.
require '/etc/roundcube/defaults.inc.php';
