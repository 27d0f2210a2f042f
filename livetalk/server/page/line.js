// The line to the server for one session: finds a way (WebRTC, else a WebSocket), notices when it is lost, finds it
// again. After `close` nothing comes from it any more. Knows no views.

import { RtcLink } from "./webrtc.js";
import { Failure } from "./session.js";
import { SocketLink } from "./websocket.js";

const PING = 1000;
const DEAF = 5000; // milliseconds without a word from the server after which a way is lost
const AGAIN = 28000; // milliseconds for which the server keeps a session without a way to it
const PAUSE = 1000;

const forced = new URLSearchParams(location.search).get("transport"); // webrtc or websocket, to try one

export class Line {
  link = null; // the way in use
  #trying = null;
  #worked = null; // the way that was found last
  #closed = false;
  #heardAt = 0;

  // places: the elements of each way, by its name. microphone: gives its stream. says: told(message),
  // found(name, why not another), seen(), held(), lost(link), over(failure).
  constructor(session, places, microphone, says) {
    Object.assign(this, { session, places, microphone, says });
    this.timer = setInterval(() => this.#ping(), PING);
  }

  // Throws a Failure where there is no way; does nothing once the line is closed.
  async find() {
    const ways = this.session.transports.filter((name) => !forced || name === forced);
    ways.sort((one, other) => (other === this.#worked) - (one === this.#worked));
    let failure = new Failure("connection", "The server offers no way that this page knows. Reload it.");
    let why = "";
    for (const name of ways) {
      const link = (this.#trying = this.#make(name));
      try {
        await link.connect(this.session, this.microphone());
        if (this.#closed) return link.close();
        [this.link, this.#worked, this.#heardAt] = [link, name, performance.now()];
        this.says.found(name, why);
        return;
      } catch (error) {
        link.close();
        if (this.#closed) return;
        failure = error instanceof Failure ? error : new Failure("connection", `${error.message}.`);
        if (failure.step !== "session" && name === "websocket") failure = await this.#there(failure);
        if (failure.step === "session") break;
        why = failure.message;
      } finally {
        if (this.#trying === link) this.#trying = null;
      }
    }
    throw failure;
  }

  // Whether the message could be sent.
  send(message) {
    return this.link?.send(message) ?? false;
  }

  close() {
    this.#closed = true;
    clearInterval(this.timer);
    this.link?.close();
    this.#trying?.close();
    this.link = this.#trying = null;
  }

  #make(name) {
    const ours = () => !this.#closed && (link === this.link || link === this.#trying);
    const link = new { webrtc: RtcLink, websocket: SocketLink }[name](this.places[name], {
      told: (message) => {
        if (!ours()) return;
        this.#heardAt = performance.now();
        this.says.told(message);
      },
      lost: () => this.#lost(link),
      seen: () => ours() && this.says.seen(),
      held: () => ours() && this.says.held(),
    });
    return link;
  }

  // What failed: the way, or the whole session, which may be gone.
  async #there(failure) {
    try {
      await this.session.request("GET", "");
      return failure;
    } catch (error) {
      return error.step === "session" ? error : failure;
    }
  }

  async #lost(link) {
    if (this.#closed || link !== this.link) return;
    this.says.lost(link);
    link.close();
    this.link = null;
    for (const end = performance.now() + AGAIN; !this.#closed; ) {
      try {
        return await this.find();
      } catch (error) {
        if (this.#closed) return;
        if (error.step === "session" || performance.now() > end) return this.says.over(error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  #ping() {
    const link = this.link;
    if (!link) return;
    link.send({ type: "ping" });
    if (performance.now() - this.#heardAt > DEAF) this.#lost(link);
  }
}
