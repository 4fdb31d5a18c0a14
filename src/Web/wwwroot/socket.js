// A WebSocket to a path of this host that comes back by itself: after the time that a node which stops tells, else after 0.5 s, then
// twice as long each time up to 15 s, each wait shortened by up to a half at random, so that the clients of a restarted server do not
// all come at once.
const first = 500;
const longest = 15000;

export function connect(path, { message, state }) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  let socket;
  let wait = first;

  function open() {
    socket = new WebSocket(url);
    socket.onopen = () => {
      wait = first;
      state("Connected");
    };
    socket.onmessage = (event) => message(JSON.parse(event.data));
    socket.onclose = ({ reason }) => {
      const told = /Retry in (\d+) ms/.exec(reason);
      const delay = told ? Number(told[1]) : wait * (1 - Math.random() / 2);
      wait = Math.min(wait * 2, longest);
      state(`Connection lost. Trying again in ${(delay / 1000).toFixed(1)} s …`);
      setTimeout(open, delay);
    };
  }

  open();

  // Whether it was sent: what is sent while the connection is lost would be lost as well.
  function send(value) {
    const isOpen = socket.readyState === WebSocket.OPEN;
    if (isOpen) {
      socket.send(JSON.stringify(value));
    }
    return isOpen;
  }

  return { send };
}
