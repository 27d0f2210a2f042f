// The visitor's microphone: asked for, switched on and off, its level shown. Knows no session.

import { at, notice, settled } from "./view.js";

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const WHY = {
  NotAllowedError: "You did not allow the microphone. Allow it beside the address, or write instead.",
  NotFoundError: "No microphone was found. Plug one in, or write instead.",
};

export class Microphone {
  stream = null;
  #asking = null;
  #wanted = 0; // grows when what was asked for is not wanted any more
  #meter = null;

  get track() {
    const track = this.stream?.getAudioTracks()[0];
    return track?.readyState === "live" ? track : null;
  }

  // The stream, or null, and then a notice says why. Asked twice at once, it is asked for once.
  open() {
    this.#asking ??= this.#open().finally(() => (this.#asking = null));
    return this.#asking;
  }

  mute() {
    this.track.enabled = !this.track.enabled;
    this.show();
  }

  close() {
    this.#wanted += 1;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.#measure(null);
  }

  show() {
    at("mic").setAttribute("aria-pressed", String(Boolean(this.track?.enabled)));
  }

  async #open() {
    if (!navigator.mediaDevices) {
      notice("microphone", "Browsers give the microphone to HTTPS and localhost only. Start the server with --tls-self-signed, or write instead.");
      return null;
    }
    const wanted = this.#wanted;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
      if (wanted !== this.#wanted) {
        stream.getTracks().forEach((track) => track.stop());
        return null;
      }
      stream.getAudioTracks()[0].onended = () => {
        notice("microphone", "The microphone was unplugged. Plug it in and press the microphone button, or write.");
        this.show();
      };
      this.stream = stream;
      settled("microphone");
      this.#measure(stream);
    } catch (error) {
      if (wanted === this.#wanted)
        notice("microphone", WHY[error.name] ?? `The microphone cannot be used (${error.name}). You can write instead.`);
    }
    return this.stream;
  }

  #measure(stream) {
    this.#meter?.close();
    this.#meter = null;
    if (!stream) return;
    const context = (this.#meter = new AudioContext());
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const look = () => {
      if (this.#meter !== context) return;
      analyser.getFloatTimeDomainData(samples);
      const loud = this.track?.enabled ? Math.hypot(...samples) / Math.sqrt(samples.length) : 0;
      at("micLevel").style.setProperty("--level", Math.min(1, loud * 8).toFixed(2));
      setTimeout(look, 80);
    };
    look();
  }
}
