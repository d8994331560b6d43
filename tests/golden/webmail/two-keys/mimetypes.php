<?php
// The file types of the Roundcube that Debian installed.
return require '/etc/roundcube/mimetypes.php';
