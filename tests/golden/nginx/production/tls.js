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

export default { web, mail };
