// globalThis.gonb_comm joins the page with the cells: send, subscribe, unsubscribe, newSyncedVariable, close.
(() => {
  const kernel = KERNEL;
  const before = globalThis.gonb_comm;
  if (before?.kernel === kernel && before.greet()) return;
  before?.close();

  const settings = document.getElementById("jupyter-config-data");
  if (!settings) return; // not a page of a Jupyter server
  const { baseUrl = "/", token = "" } = JSON.parse(settings.textContent);
  const session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  const url = new URL(baseUrl.replace(/\/*$/, "/") + "api/kernels/" + kernel + "/channels", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("session_id", session);
  if (token) url.searchParams.set("token", token);
  const socket = new WebSocket(url);
  const comm = "saddle-" + session;
  const subscribers = new Map(); // by address: a Map of callbacks by id
  const variables = new Map(); // synced variables by address
  let waiting = []; // what is sent before the socket is open
  let count = 0;

  const post = (type, content) => {
    const header = { msg_id: session + "_" + count++, msg_type: type, session, username: "", version: "5.4", date: new Date().toISOString() };
    const text = JSON.stringify({ header, parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] });
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
    else waiting.push(text);
  };
  const greet = () => {
    if (socket.readyState > WebSocket.OPEN) return false;
    post("comm_open", { comm_id: comm, target_name: "gonb_comm", data: {} });
    return true;
  };
  const send = (address, value) => post("comm_msg", { comm_id: comm, data: { address, value } });
  const subscribe = (address, callback) => {
    const id = Symbol(address);
    if (!subscribers.has(address)) subscribers.set(address, new Map());
    subscribers.get(address).set(id, callback);
    return id;
  };
  const unsubscribe = (id) => {
    for (const callbacks of subscribers.values()) callbacks.delete(id);
  };
  // A synced variable has one value here and in the cell. It sends its first value, which tells the cell that it is there.
  const newSyncedVariable = (address, initial) => {
    let variable = variables.get(address);
    if (!variable) {
      let value;
      const listeners = new Map();
      const assign = (v) => {
        if (v === value) return false;
        value = v;
        for (const listener of [...listeners.values()]) listener(value);
        return true;
      };
      variable = {
        get: () => value,
        set: (v) => {
          if (assign(v)) send(address, v);
        },
        subscribe: (listener) => {
          const id = Symbol(address);
          listeners.set(id, listener);
          return id;
        },
        unsubscribe: (id) => listeners.delete(id),
      };
      variables.set(address, variable);
      subscribe(address, (_, incoming) => assign(incoming));
    }
    variable.set(initial);
    return variable;
  };

  socket.addEventListener("open", () => {
    for (const text of waiting) socket.send(text);
    waiting = [];
  });
  socket.addEventListener("message", (event) => {
    if (typeof event.data !== "string") return; // messages with buffers are none of ours
    const { header, content } = JSON.parse(event.data);
    if (content?.comm_id !== comm) return;
    if (header.msg_type === "comm_close") return void greet(); // by a kernel that was started anew
    if (header.msg_type !== "comm_msg") return;
    const { address, value, read_request } = content.data;
    if (read_request) {
      const variable = variables.get(address);
      if (variable) send(address, variable.get());
      return;
    }
    for (const callback of [...(subscribers.get(address)?.values() ?? [])]) callback(address, value);
  });
  const close = () => {
    socket.close();
    if (globalThis.gonb_comm?.socket === socket) delete globalThis.gonb_comm;
  };
  globalThis.gonb_comm = { kernel, socket, greet, send, subscribe, unsubscribe, newSyncedVariable, close };
  greet();
})();
