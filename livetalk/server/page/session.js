// A session with the server: asked for, spoken to with its token, left. Errors say which step failed and what to do.

export class Failure extends Error {
  constructor(step, message) {
    super(message);
    this.step = step;
  }
}

const PATIENCE = 8000; // milliseconds for an answer
const OPENING = 60000; // milliseconds for a face to be made ready

async function ask(method, path, body, token, patience = PATIENCE) {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  try {
    const signal = AbortSignal.timeout(patience); // in a hole of a network an answer would be waited for for ever
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), keepalive: method === "DELETE", signal });
  } catch {
    throw new Failure("connection", "The server does not answer. Is it still running? Look at the terminal it was started in.");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Failure(said.error?.step ?? "server", sentence(said.error?.message ?? `error ${answer.status}`));
  return said;
}

export const facts = () => ask("GET", "v1/avatars");

// A picture that this browser does not know, as one that it does; both base64.
export const known = async (portrait) => (await ask("POST", "v1/pictures", { portrait }, null, OPENING)).portrait;

export class Session {
  static async open(wish) {
    return Object.assign(new Session(), await ask("POST", "v1/sessions", wish, null, OPENING));
  }

  request(method, path, body) {
    return ask(method, `v1/sessions/${this.id}${path}`, body, this.token);
  }

  leave() {
    return this.request("DELETE", "").catch(() => {});
  }
}

export function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
}
