// The certificate for the name that a client asks for (SNI, RFC 6066 section 3): the exact name, then the wildcard of
// its parent ("_.a.test" stands for "*.a.test"), then the server-wide one. nginx asks once per connection and uses the
// answer for the chain and for the key, so both come from the same file, whatever is renamed meanwhile.
import fs from 'fs';

const roles = {
    web: { names: "/srv/mailward/tls/web/", fallback: "/srv/mailward/tls/default-web.pem" },
    mail: { names: "/srv/mailward/tls/mail/", fallback: "/srv/mailward/tls/default-mail.pem" },
};

function candidates(asked) {
    const name = (asked || '').toLowerCase().replace(/\.$/, '');
    if (name.length > 253 || !/^[a-z0-9_-][a-z0-9._-]*$/.test(name)) {
        return [];
    }
    const dot = name.indexOf('.');
    // The exact name once more: a switch from a wildcard to exact names may come between the first two looks.
    return dot > 0 ? [name, '_' + name.slice(dot), name] : [name];
}

function find(role, asked) {
    const names = candidates(asked);
    for (let i = 0; i < names.length; i++) {
        try {
            return fs.realpathSync(role.names + names[i]);
        } catch (missing) {
            continue;
        }
    }
    return fs.realpathSync(role.fallback);
}

function web(request) {
    return find(roles.web, request.variables.ssl_server_name);
}

function mail(session) {
    return find(roles.mail, session.variables.ssl_server_name);
}

// The RSA certificate beside it, for clients that know no ECDSA. nginx wants a file for each certificate it may show: where
// there is none, the same file again does no harm.
function companion(path) {
    const other = path.slice(0, -'.pem'.length) + '.rsa.pem';
    try {
        fs.accessSync(other);
        return other;
    } catch (missing) {
        return path;
    }
}

function web_rsa(request) {
    return companion(request.variables.web_certificate);
}

function mail_rsa(session) {
    return companion(session.variables.mail_certificate);
}

export default { web, mail, web_rsa, mail_rsa };
