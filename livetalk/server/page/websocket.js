// The way to the server over one WebSocket, where UDP cannot pass: sound is played by an audio worklet, which is the
// clock, and each picture is shown when the sound it belongs to is heard.

import { Failure } from "./session.js";

const RATE = 16000;
const [SOUND, PICTURE] = [1, 2];
const MANY = 64; // pictures that may wait
const PATIENCE = 5000;
const HELD = 500; // milliseconds in which sound begins unless a browser holds it back
const INSECURE = "Browsers play and record over a WebSocket on HTTPS and localhost only. Start the server with --tls-self-signed.";
const NO_SOCKET = "No WebSocket comes through to the server. A proxy in between must pass them on, and a certificate of one's own must be trusted first (on iPhones in the settings).";

export class SocketLink {
  name = "websocket";

  constructor(canvas, { told, lost, seen, held }) {
    Object.assign(this, { canvas, told, lost, seen, held });
    this.open = this.closed = false;
    this.pictures = [];
    this.heard = { pts: -1, at: 0, level: 0 };
  }

  // Throws a Failure when there is no way.
  async connect(session, microphone) {
    if (!window.isSecureContext) throw new Failure("connection", INSECURE);
    this.speaker = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    await this.speaker.audioWorklet.addModule("sound.js");
    this.player = new AudioWorkletNode(this.speaker, "player", { outputChannelCount: [1] });
    this.player.port.onmessage = ({ data }) => (this.heard = { ...data, at: performance.now() });
    this.player.connect(this.speaker.destination);
    await this.#dial(session);
    await this.setMicrophone(microphone);
    this.open = true;
    this.wake();
    setTimeout(() => this.open && this.speaker.state !== "running" && this.held(), HELD);
    this.#draw();
  }

  // After a touch, or back from the background: a browser that held sound back lets it go on.
  wake() {
    for (const context of [this.speaker, this.listener]) context?.resume().catch(() => {});
  }

  async setMicrophone(microphone) {
    this.listener?.close();
    this.listener = null;
    if (!microphone || this.speaker.state === "closed") return;
    try {
      this.listener = new AudioContext({ sampleRate: RATE });
      this.source = this.listener.createMediaStreamSource(microphone);
    } catch {
      this.listener?.close(); // a browser that does not resample a microphone: the worklet does
      this.listener = new AudioContext();
      this.source = this.listener.createMediaStreamSource(microphone);
    }
    await this.listener.audioWorklet.addModule("sound.js");
    const ear = new AudioWorkletNode(this.listener, "ear", { numberOfOutputs: 0 });
    ear.port.onmessage = ({ data }) => this.socket.readyState === WebSocket.OPEN && this.socket.send(data);
    this.source.connect(ear);
    this.listener.resume();
  }

  // Whether it could be sent.
  send(message) {
    const can = this.open && this.socket.readyState === WebSocket.OPEN;
    if (can) this.socket.send(JSON.stringify(message));
    return can;
  }

  level() {
    return this.heard.level;
  }

  close() {
    this.open = false;
    this.closed = true;
    if (this.socket) this.socket.onclose = null;
    this.socket?.close();
    for (const context of [this.speaker, this.listener]) if (context && context.state !== "closed") context.close();
    this.pictures.forEach(([, picture]) => picture.close());
    this.pictures = [];
  }

  #dial(session) {
    return new Promise((resolve, reject) => {
      const url = new URL(`v1/sessions/${session.id}/socket`, document.baseURI);
      url.protocol = url.protocol.replace("http", "ws");
      this.socket = new WebSocket(url, ["livetalk", session.token]);
      this.socket.binaryType = "arraybuffer";
      this.socket.onopen = resolve;
      this.socket.onmessage = ({ data }) => this.#message(data);
      this.socket.onclose = () => {
        reject(new Failure("connection", NO_SOCKET));
        if (this.open) this.lost();
      };
      setTimeout(() => reject(new Failure("connection", NO_SOCKET)), PATIENCE);
    });
  }

  async #message(data) {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.type === "cut") this.player.port.postMessage({ cut: true });
      this.told(message);
      return;
    }
    const view = new DataView(data);
    const pts = Number(view.getBigUint64(1, true));
    if (view.getUint8(0) === SOUND) {
      const pcm = new Int16Array(data.slice(9));
      this.player.port.postMessage({ pts, pcm }, [pcm.buffer]);
    } else if (view.getUint8(0) === PICTURE) {
      const picture = await createImageBitmap(new Blob([data.slice(9)], { type: "image/jpeg" })).catch(() => null);
      if (!picture) return;
      if (this.closed) return picture.close();
      this.pictures.push([pts, picture]);
      this.pictures.sort(([one], [other]) => one - other);
      while (this.pictures.length > MANY) this.pictures.shift()[1].close();
    }
  }

  #draw() {
    if (this.speaker.state === "closed") return;
    requestAnimationFrame(() => this.#draw());
    const late = (this.speaker.outputLatency || 0) * RATE;
    const now = this.heard.pts + ((performance.now() - this.heard.at) / 1000) * RATE - late;
    let due = null;
    while (this.pictures.length && this.pictures[0][0] <= now) {
      due?.close();
      due = this.pictures.shift()[1];
    }
    if (!due) return;
    if (this.canvas.width !== due.width) [this.canvas.width, this.canvas.height] = [due.width, due.height];
    this.canvas.getContext("2d").drawImage(due, 0, 0);
    this.seen();
    due.close();
  }
}
