import { connect } from "/socket.js";

// So many messages stay on the page; older ones go.
const most = 500;

const log = document.getElementById("log");
const text = document.getElementById("text");
const status = document.getElementById("status");
const room = decodeURIComponent(location.pathname.split("/")[2]);

document.getElementById("room").textContent = room;
document.title = `${room} · Chat`;

const socket = connect(location.pathname, {
  message: (said) => show(said.text),
  state: (words) => { status.textContent = words; },
});

document.getElementById("say").addEventListener("submit", (event) => {
  event.preventDefault();
  // What can't be sent now stays in the field.
  if (text.value.trim() && socket.send({ text: text.value })) {
    text.value = "";
    log.scrollTop = log.scrollHeight;
  }
  text.focus();
});

// Who has scrolled up to read stays there, whatever others say.
function show(words) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const line = document.createElement("p");
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const said = document.createElement("span");
  said.textContent = words;
  line.append(time, " ", said);
  log.append(line);
  if (log.childElementCount > most) {
    log.firstElementChild.remove();
  }
  if (atEnd) {
    log.scrollTop = log.scrollHeight;
  }
}
