// Two audio worklets: `player` plays what comes over a WebSocket and tells how far it is, `ear` sends the microphone.

const RATE = 16000;
const LEAST = 0.1 * RATE; // samples that wait before the first is played, and after a gap
const MOST = 0.45 * RATE; // more than this is a delay nobody wants: it is caught up
const PIECE = 0.02 * RATE;

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.waiting = []; // pieces { pts, pcm }
    this.count = 0; // their samples
    this.filling = true;
    this.pts = 0;
    this.blocks = 0;
    this.level = 0;
    this.port.onmessage = ({ data }) => (data.cut ? this.cut() : this.put(data));
  }

  put(piece) {
    this.waiting.push(piece);
    this.count += piece.pcm.length;
    while (this.count > MOST) this.skip(this.waiting[0].pcm.length);
    this.pts = this.waiting[0].pts; // a piece may be missing: the clock is that of what is played
  }

  cut() {
    for (const { pcm } of this.waiting) pcm.fill(0); // its time passes, so that pictures stay in step
  }

  skip(count) {
    const { pts, pcm } = this.waiting[0];
    this.count -= count;
    if (count < pcm.length) this.waiting[0] = { pts: pts + count, pcm: pcm.subarray(count) };
    else this.waiting.shift();
    this.pts = this.waiting[0]?.pts ?? pts + count;
  }

  process(_, [[out]]) {
    if (this.filling && this.count >= LEAST) this.filling = false;
    let done = 0;
    while (!this.filling && done < out.length) {
      if (!this.waiting.length) {
        this.filling = true;
        break;
      }
      const { pcm } = this.waiting[0];
      const take = Math.min(out.length - done, pcm.length);
      for (let i = 0; i < take; i++) {
        out[done + i] = pcm[i] / 32768;
        this.level = Math.max(this.level, Math.abs(out[done + i]));
      }
      done += take;
      this.skip(take);
    }
    if (++this.blocks % 2 === 0) {
      this.port.postMessage({ pts: this.pts, level: this.level, filling: this.filling });
      this.level = 0;
    }
    return true;
  }
}

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.place = 0;
    this.sum = 0;
    this.weight = 0;
  }

  // Whatever the context's rate is, each sample sent is the mean of those it stands for.
  process([[input]]) {
    if (!input) return true;
    const step = RATE / sampleRate;
    for (const sample of input) {
      this.sum += sample;
      this.weight += 1;
      this.place += step;
      if (this.place < 1) continue;
      this.place -= 1;
      this.piece[this.filled++] = Math.max(-1, Math.min(1, this.sum / this.weight)) * 32767;
      this.sum = this.weight = 0;
      if (this.filled === PIECE) {
        this.port.postMessage(this.piece.slice().buffer);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("player", Player);
registerProcessor("ear", Ear);
