// The page's course: choose a face, open a session, talk, come back when the way is lost, leave.

import { chosen, offer } from "./choose.js";
import { Line } from "./line.js";
import { Microphone } from "./microphone.js";
import { Session, facts, sentence } from "./session.js";
import { at, caption, clear, freeze, moods, notice, progress, settled, state, view, waterfall } from "./view.js";

const RARELY = 300; // milliseconds between two interrupts
const LOGGED = 500; // messages kept to look at

const microphone = new Microphone();
let line = null;
let hushed = 0;

// To look at from the browser's console, and from tests.
const talk = {
  mood: { wanted: "", told: "" },
  state: "choose",
  log: [],
  get link() {
    return line?.link ?? null;
  },
  get microphone() {
    return microphone.stream;
  },
};
window.livetalk = talk;

facts()
  .then(({ avatars, brain, mood }) => {
    offer(avatars);
    at("brain").textContent = `answers come from: ${brain}`;
    at("mood").value = talk.mood.wanted = mood;
  })
  .catch(failed);

at("start").onsubmit = async (event) => {
  event.preventDefault();
  if (at("go").disabled) return;
  at("go").disabled = true;
  clear();
  try {
    progress("Allow the microphone …");
    await microphone.open();
    progress("Preparing the face …");
    const { wish, still } = chosen();
    const mood = talk.mood.wanted;
    const session = await Session.open({ ...wish, mood });
    talk.mood.told = mood;
    enter(still);
    warned(session.warnings);
    await begin(session);
  } catch (error) {
    failed(error);
    leave();
  } finally {
    progress("Start talking");
    at("go").disabled = false;
  }
};

function enter(still) {
  at("still").src = still;
  at("still").hidden = false;
  at("video").hidden = at("canvas").hidden = true;
  view("talk");
  be("connecting");
  microphone.show();
  scrollTo(0, 0);
  // On a phone the field would bring the keyboard up, over the face.
  at(matchMedia("(pointer: coarse)").matches ? "mic" : "text").focus({ preventScroll: true });
}

function begin(session) {
  const says = {
    told,
    found,
    lost,
    over,
    seen: () => (at("still").hidden = true),
    held: () => notice("sound", "Your browser holds picture and sound back. Tap anywhere on this page."),
  };
  line = new Line(session, { webrtc: at("video"), websocket: at("canvas") }, () => microphone.stream, says);
  return line.find();
}

function found(name, why) {
  at("video").hidden = name !== "webrtc";
  at("canvas").hidden = name === "webrtc";
  settled("connection");
  at("connection").textContent = name === "webrtc" ? "WebRTC" : `WebSocket. ${why}`.trim();
  if (why) notice("connection", `${why} Picture and sound come over a WebSocket: the same, a little later.`, true);
  tellMood();
}

function told(message) {
  if (message.type !== "pong") talk.log.push({ ...message, at: performance.now() });
  if (talk.log.length > LOGGED) talk.log.shift();
  switch (message.type) {
    case "state":
      be(message.state);
      if (message.state === "reconnecting") notice("face", "The face was lost and is being brought back. The conversation goes on in a moment.", true);
      break;
    case "caption":
      caption(message);
      break;
    case "waterfall":
      waterfall(message);
      break;
    case "problem":
      notice(message.step, message.message);
      break;
    case "warning":
      warned([message]);
      break;
    case "draining":
      notice("server", message.message, true);
      break;
    case "ended":
      leave(true);
      notice("conversation", message.message, message.reason === "left");
  }
}

// Inputs that will not do well: said, and the talk goes on.
function warned(warnings = []) {
  for (const { step, kind, message } of warnings) notice(step, sentence(message), false, `${step} ${kind}`);
}

function lost(link) {
  freeze(link.name === "webrtc" ? at("video") : at("canvas"));
  be("reconnecting");
}

function over() {
  leave();
  notice("connection", "The connection was lost and could not be made again. Start anew.");
}

// ended: the server knows already.
function leave(ended = false) {
  if (!ended) line?.session.leave();
  line?.close();
  line = null;
  microphone.close();
  be("choose");
  view("choose");
  at("go").focus({ preventScroll: true });
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
  if (text && line?.send({ type: "text", text })) at("text").value = "";
};

at("hush").onclick = () => {
  if (performance.now() - hushed < RARELY) return;
  hushed = performance.now();
  line?.send({ type: "interrupt" });
};

at("leave").onclick = () => leave();

at("mic").onclick = async () => {
  if (microphone.track) return microphone.mute();
  const stream = await microphone.open();
  microphone.show();
  await line?.link?.setMicrophone(stream).catch(failed);
};

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.view !== "talk" || event.repeat || event.isComposing) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") at("hush").click();
  if (event.key === "m" && !["INPUT", "TEXTAREA"].includes(document.activeElement.tagName)) at("mic").click();
});

// A browser that held sound back, or a phone that rang, lets it go on when one touches the page or comes back to it.
for (const name of ["pointerdown", "keydown", "visibilitychange"]) {
  document.addEventListener(name, () => {
    if (document.hidden || !line?.link) return;
    line.link.wake();
    settled("sound");
  });
}

moods((prompt) => {
  at("mood").value = prompt;
  at("moodForm").requestSubmit();
});
at("mood").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at("moodForm").requestSubmit();
};
at("mood").onchange = () => at("moodForm").requestSubmit();
at("moodForm").onsubmit = (event) => {
  event.preventDefault();
  talk.mood.wanted = at("mood").value.trim() || talk.mood.wanted;
  tellMood();
};

// A mood asked for while the connection is lost is told when it is found again.
function tellMood() {
  const { wanted, told } = talk.mood;
  if (wanted !== told && line?.send({ type: "mood", prompt: wanted })) talk.mood.told = wanted;
}

addEventListener("pagehide", () => line?.session.leave());
