// Passkeys (W3C Web Authentication): hands the page's question to the browser and sends its answer with the form.
// A form says data-passkey="create" or "get", and the question as JSON in data-options. Nothing else is asked of the page.
(() => {
  "use strict";
  const toBytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const toText = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const opened = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  const question = (options) => {
    const asked = { ...options.publicKey, challenge: toBytes(options.publicKey.challenge) };
    if (asked.user) asked.user = { ...asked.user, id: toBytes(asked.user.id) };
    if (asked.excludeCredentials) asked.excludeCredentials = opened(asked.excludeCredentials);
    if (asked.allowCredentials) asked.allowCredentials = opened(asked.allowCredentials);
    return { publicKey: asked };
  };

  const answer = (made) => {
    const response = { clientDataJSON: toText(made.response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[part]) response[part] = toText(made.response[part]);
    }
    if (made.response.getTransports) response.transports = made.response.getTransports();
    return JSON.stringify({
      id: made.id,
      rawId: toText(made.rawId),
      type: made.type,
      authenticatorAttachment: made.authenticatorAttachment,
      clientExtensionResults: made.getClientExtensionResults(),
      response,
    });
  };

  const arm = (form) => {
    const button = form.querySelector("[data-passkey-button]");
    const trouble = form.querySelector("[data-passkey-trouble]");
    button.hidden = false;
    form.querySelector("[data-passkey-needs]").hidden = true;
    button.addEventListener("click", async () => {
      trouble.hidden = true;
      button.disabled = true;
      try {
        const asked = question(JSON.parse(form.dataset.options));
        const made = await navigator.credentials[form.dataset.passkey](asked);
        form.elements.credential.value = answer(made);
        form.submit();
      } catch {
        trouble.hidden = false;
        button.disabled = false;
      }
    });
  };

  if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(arm);
})();
