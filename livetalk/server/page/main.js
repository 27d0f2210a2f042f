// The page's course: choose a face, open a session, find a way to the server, talk, come back when the way is lost.

import { RtcLink } from "./webrtc.js";
import { Failure, Session, facts } from "./session.js";
import { SocketLink } from "./websocket.js";
import { at, caption, clear, faces, make, moods, notice, photo, settled, state, view, waterfall } from "./view.js";

const PING = 1000;
const DEAF = 5000; // milliseconds without a pong after which a way is lost
const LONG_SIDE = 1600; // pixels of an uploaded photo
const CALM = 1200; // milliseconds for which an interrupt by the button is shown
const AGAIN = 28000; // milliseconds for which the server keeps a session without a way to it

const forced = new URLSearchParams(location.search).get("transport"); // webrtc or websocket, to try one
const talk = { session: null, link: null, microphone: null, picture: null, mood: "", state: "choose", log: [] };
window.livetalk = talk; // to look at from the browser's console, and from tests

// choosing

facts()
  .then(({ avatars, brain, mood }) => {
    faces(avatars, () => {});
    at("brain").textContent = `answers come from: ${brain}`;
    at("mood").value = talk.mood = mood;
  })
  .catch(failed);

at("photo").onchange = ({ target }) => target.files[0] && take(target.files[0]);
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop" && document.body.dataset.view === "choose" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}

// A photo: upright, not too large, shown as a tile.
async function take(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, LONG_SIDE / Math.max(image.width, image.height));
    const canvas = make("canvas", { width: image.width * scale, height: image.height * scale });
    const context = canvas.getContext("2d");
    context.fillStyle = "#808080";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
    talk.picture = await base64(blob);
    photo(URL.createObjectURL(blob));
    settled("portrait");
  } catch {
    notice("portrait", "This file cannot be read as a picture. Use a PNG, JPEG or WebP file.");
  }
}

function base64(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  });
}

at("start").onsubmit = async (event) => {
  event.preventDefault();
  at("go").disabled = true;
  const tile = document.querySelector("input[name=face]:checked");
  const wish = tile?.value === "photo" ? { portrait: talk.picture } : { avatar: tile?.value };
  try {
    talk.microphone = await microphone();
    talk.session = await Session.open({ ...wish, mood: talk.mood });
    enter(tile.parentElement.querySelector("img").src);
    await connect();
  } catch (error) {
    failed(error);
    leave();
  } finally {
    at("go").disabled = false;
  }
};

async function microphone() {
  if (!navigator.mediaDevices) {
    notice("microphone", "Browsers give the microphone to HTTPS and localhost only. Start the server with --tls-self-signed, or write instead.");
    return null;
  }
  try {
    const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
    stream.getAudioTracks()[0].onended = () => notice("microphone", "The microphone was unplugged. Plug it in and press the microphone button, or write.");
    return stream;
  } catch (error) {
    const why = { NotAllowedError: "You did not allow the microphone. Allow it beside the address, or write instead.", NotFoundError: "No microphone was found. Plug one in, or write instead." };
    notice("microphone", why[error.name] ?? `The microphone cannot be used (${error.name}). You can write instead.`);
    return null;
  }
}

// talking

function enter(still) {
  clear();
  at("still").src = still;
  at("still").hidden = false;
  at("video").hidden = at("canvas").hidden = true;
  view("talk");
  be("connecting");
  microphoneShown();
  scrollTo(0, 0);
  at("text").focus({ preventScroll: true });
}

// Find a way: WebRTC where the server offers it, else, or when UDP does not pass, a WebSocket.
async function connect() {
  const ways = talk.session.transports.filter((name) => !forced || name === forced);
  let last = new Failure("connection", "The server offers no way that this page knows. Reload it.");
  for (const name of ways) {
    const handlers = { told, lost: () => lost(link), seen: () => (at("still").hidden = true) };
    const link = name === "webrtc" ? new RtcLink(at("video"), handlers) : new SocketLink(at("canvas"), handlers);
    try {
      await link.connect(talk.session, talk.microphone);
      if (!talk.session) return link.close();
      talk.link = link;
      talk.heardAt = performance.now();
      shown(name, name === "websocket" && ways[0] === "webrtc" && ways.length > 1);
      return;
    } catch (error) {
      link.close();
      last = error instanceof Failure ? error : new Failure("connection", `${error.message}.`);
      if (error instanceof Failure && error.step === "session") break;
    }
  }
  throw last;
}

function shown(name, instead) {
  at("video").hidden = name !== "webrtc";
  at("canvas").hidden = name === "webrtc";
  at("connection").textContent = name === "webrtc" ? "WebRTC" : `WebSocket${instead ? ", because UDP does not pass between here and the server" : ""}`;
  if (instead) notice("connection", "UDP does not pass here, so picture and sound come over a WebSocket. It works the same, a little later.", true);
  settled("connection");
}

function told(message) {
  talk.heardAt = performance.now();
  if (message.type !== "pong") talk.log.push({ ...message, at: talk.heardAt });
  if (talk.log.length > 500) talk.log.shift();
  switch (message.type) {
    case "state":
      be(message.state);
      if (message.state === "reconnecting") notice("face", "The face was lost and is being brought back. The conversation goes on in a moment.", true);
      break;
    case "caption":
      caption(message);
      break;
    case "waterfall":
      talk.turn = message;
      waterfall(message);
      break;
    case "problem":
      notice(message.step, message.message);
      break;
    case "draining":
      notice("server", message.message, true);
      break;
    case "ended":
      notice("conversation", message.message, message.reason === "left");
      leave();
  }
}

async function lost(link) {
  if (link !== talk.link || !talk.session) return;
  talk.link = null;
  be("reconnecting");
  const session = talk.session;
  const end = performance.now() + AGAIN;
  while (talk.session === session && performance.now() < end) {
    try {
      return await connect();
    } catch (error) {
      if (error.step === "session") break;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  if (talk.session !== session) return;
  notice("connection", "The connection was lost and could not be made again. Start anew.");
  leave();
}

function leave() {
  talk.session?.leave();
  talk.link?.close();
  talk.microphone?.getTracks().forEach((track) => track.stop());
  talk.session = talk.link = talk.microphone = null;
  be("choose");
  view("choose");
}

function be(name) {
  talk.state = name;
  state(name);
}

function failed(error) {
  notice(error.step ?? "page", error.message);
}

// what a visitor does

at("write").onsubmit = (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text || !talk.link) return;
  talk.link.send({ type: "text", text });
  at("text").value = "";
};

at("hush").onclick = () => {
  talk.link?.send({ type: "interrupt" });
  // Nobody speaks who could finish: it listens again.
  setTimeout(() => talk.state === "interrupted" && be("listening"), CALM);
};
at("leave").onclick = () => leave();

at("mic").onclick = async () => {
  if (!talk.microphone || talk.microphone.getAudioTracks()[0].readyState === "ended") {
    talk.microphone = await microphone();
    await talk.link?.setMicrophone(talk.microphone);
  } else {
    const track = talk.microphone.getAudioTracks()[0];
    track.enabled = !track.enabled;
  }
  microphoneShown();
};

function microphoneShown() {
  const on = Boolean(talk.microphone?.getAudioTracks()[0].enabled);
  at("mic").ariaPressed = on;
  if (talk.microphone) meter(talk.microphone);
}

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.view !== "talk") return;
  if (event.key === "Escape") at("hush").click();
  if (event.key === "m" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) at("mic").click();
});

moods((prompt) => {
  at("mood").value = prompt;
  at("moodForm").requestSubmit();
});
at("mood").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey) return;
  event.preventDefault();
  at("moodForm").requestSubmit();
};
at("mood").onchange = () => at("moodForm").requestSubmit();
at("moodForm").onsubmit = (event) => {
  event.preventDefault();
  const prompt = at("mood").value.trim();
  if (!prompt || prompt === talk.mood) return;
  talk.mood = prompt;
  talk.link?.send({ type: "mood", prompt });
};

let metering = null;
function meter(stream) {
  metering?.close();
  const context = (metering = new AudioContext());
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const look = () => {
    if (context.state === "closed") return;
    if (talk.microphone !== stream) return context.close();
    analyser.getFloatTimeDomainData(samples);
    const loud = stream.getAudioTracks()[0].enabled ? Math.hypot(...samples) / Math.sqrt(samples.length) : 0;
    at("micLevel").style.setProperty("--level", Math.min(1, loud * 8).toFixed(2));
    setTimeout(look, 80);
  };
  look();
}

setInterval(() => {
  const link = talk.link;
  if (!link) return;
  link.send({ type: "ping" });
  if (performance.now() - talk.heardAt > DEAF) {
    link.close();
    lost(link);
  }
}, PING);
addEventListener("pagehide", () => talk.session?.leave());
