// Made of src/client by `npm run client`; a test compares.

// src/client/errors.ts
var DarkroomError = class extends Error {
  name = "DarkroomError";
  code;
  status;
  errors;
  retryAfter;
  constructor(message, { code, status, errors = [], retryAfter, cause }) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
};
var TaskFailed = class extends DarkroomError {
  name = "TaskFailed";
  type;
  task;
  constructor(task) {
    super(task.error?.message ?? `The task is ${task.status}`, { code: "TASK_FAILED" });
    this.type = task.error?.type ?? task.state;
    this.task = task;
  }
};
function errorOf(status, text, retryAfter) {
  const { code, detail, errors } = problemIn(text);
  return new DarkroomError(detail ?? `The server answered ${status}`, {
    code: code ?? "HTTP",
    status,
    errors,
    retryAfter: secondsOf(retryAfter)
  });
}
function secondsOf(text) {
  if (text === null || text === void 0 || text.trim() === "") return void 0;
  const seconds = Number.isNaN(Number(text)) ? (Date.parse(text) - Date.now()) / 1e3 : Number(text);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : void 0;
}
function problemIn(text) {
  try {
    const problem = JSON.parse(text);
    return typeof problem?.detail === "string" ? problem : {};
  } catch {
    return {};
  }
}

// src/client/pause.ts
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(done, seconds * 1e3);
    signal?.addEventListener("abort", stop);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
  });
}
function backoff(failures) {
  return Math.min(8, 0.25 * 2 ** failures) * (0.75 + Math.random() / 4);
}

// src/client/request.ts
var longestPause = 60;
function sender(base, { fetch, headers }) {
  const send = fetch ?? ((...input) => globalThis.fetch(...input));
  return async function request(method, path, ask = {}) {
    const { query, body, headers: more, signal, timeout } = ask;
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== void 0) url.searchParams.set(name, String(value));
    }
    const isJson = body !== void 0 && !(body instanceof Blob);
    const ends = [signal, timeout === void 0 ? void 0 : AbortSignal.timeout(timeout * 1e3)];
    const given = ends.filter((each) => each !== void 0);
    const { status, text, retryAfter } = await answerTo(url, signal, {
      method,
      headers: { ...headers, ...isJson && { "content-type": "application/json" }, ...more },
      ...body !== void 0 && { body: isJson ? JSON.stringify(body) : body },
      ...given.length > 0 && { signal: given.length > 1 ? AbortSignal.any(given) : given[0] }
    });
    if (status >= 400) throw errorOf(status, text, retryAfter);
    return text === "" ? void 0 : JSON.parse(text);
  };
  async function answerTo(url, signal, init) {
    try {
      const response = await send(url, init);
      return {
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        text: await response.text()
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw new DarkroomError(`There was no answer from ${url.origin}`, { code: "NETWORK", cause: error });
    }
  }
}
function repeating(send, { retries = 5 }) {
  return async function request(method, path, ask = {}) {
    const { repeatable = method === "GET", signal } = ask;
    for (let failures = 0; ; failures++) {
      try {
        return await send(method, path, ask);
      } catch (error) {
        const { retryAfter = 0 } = error;
        const again = repeatable && failures < retries && retryAfter <= longestPause;
        if (!again || !mayPass(error)) throw error;
        await pause(Math.max(backoff(failures), retryAfter), signal);
      }
    }
  };
}
function mayPass({ code, status }) {
  return code === "NETWORK" || status === 429 || status === 503;
}

// src/client/upload-memory.ts
function memoryOf(base, file) {
  const { name, lastModified } = file;
  try {
    const { document, localStorage: storage } = globalThis;
    if (!document || !storage || name === void 0) return void 0;
    const key = ["darkroom-upload", base.href, name, file.size, lastModified].join(" ");
    return {
      get: () => storage.getItem(key) ?? void 0,
      set: (id) => attempt(() => storage.setItem(key, id)),
      forget: () => storage.removeItem(key)
    };
  } catch {
    return void 0;
  }
}
function attempt(store) {
  try {
    store();
  } catch {
  }
}

// src/client/upload-requests.ts
var patience = 120;
var tus = { "tus-resumable": "1.0.0" };
var octets = { "content-type": "application/offset+octet-stream" };
function uploadRequests(send, file, options) {
  const { filename, playback, idempotency_key: key, signal } = options;
  return {
    create() {
      const name = filename ?? file.name ?? "video";
      const type = file.type && `,filetype ${base64(file.type)}`;
      const forWhom = playback ? `,playback ${base64(playback)}` : "";
      return send("POST", "api/uploads", {
        headers: {
          ...tus,
          "upload-length": String(file.size),
          "upload-metadata": `filename ${base64(name)}${type}${forWhom}`,
          ...key !== void 0 && { "idempotency-key": key }
        },
        signal
      });
    },
    async offsetOf(id) {
      return (await send("GET", pathOf(id), { signal })).offset;
    },
    append(id, offset, piece) {
      return send("PATCH", pathOf(id), {
        headers: { ...tus, ...octets, "upload-offset": String(offset) },
        body: piece,
        signal,
        timeout: patience
      });
    },
    /** What the form's route answers. */
    async filmOf(id) {
      const { video_id, task_id, filename: filename2, sha256 } = await send("GET", pathOf(id), { signal });
      const message = "File successfully uploaded. Background processing started.";
      return {
        id: video_id,
        task_id,
        message,
        filename: filename2,
        bytes: file.size,
        sha256,
        status: "uploaded"
      };
    },
    remove: (id) => send("DELETE", pathOf(id), { headers: tus })
  };
}
function pathOf(id) {
  return `api/uploads/${encodeURIComponent(id)}`;
}
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text.slice(0, 1e3))));
}

// src/client/upload.ts
var pauses = [0, 1, 3, 5, 10, 30];
var [smallest, usual, largest] = [256 * 1024, 1024 * 1024, 8 * 1024 * 1024];
async function upload(send, base, file, options = {}) {
  const { signal, onProgress, idempotency_key: key } = options;
  signal?.throwIfAborted();
  const memory = memoryOf(base, file);
  const tus2 = uploadRequests(send, file, options);
  let id = memory?.get();
  let offset;
  let size = usual;
  for (let failures = 0; ; ) {
    try {
      signal?.throwIfAborted();
      if (id === void 0) {
        const created = await tus2.create();
        id = created.id;
        offset = created.offset;
        memory?.set(id);
      }
      if (offset === void 0) {
        offset = await tus2.offsetOf(id);
        if (offset > 0) tell(offset);
      }
      if (offset >= file.size) {
        const film = await tus2.filmOf(id);
        memory?.forget();
        onProgress?.({ loaded: file.size, total: file.size });
        return film;
      }
      const began = performance.now();
      const piece = file.slice(offset, offset + size);
      await tus2.append(id, offset, piece);
      offset += piece.size;
      failures = 0;
      size = sizeAfter(piece.size, performance.now() - began);
      tell(offset);
    } catch (error) {
      if (signal?.aborted) {
        if (id && !memory && key === void 0) tus2.remove(id).catch(() => {
        });
        throw signal.reason;
      }
      offset = void 0;
      if (isGone(error) && memory?.get() === id && id) {
        memory?.forget();
        id = void 0;
        continue;
      }
      const { retryAfter = 0 } = error;
      const wait = pauses[failures++];
      if (wait === void 0 || retryAfter > longestPause || !mayPass2(error)) throw error;
      size = smallest;
      await pause(Math.max(wait, retryAfter), signal);
    }
  }
  function tell(loaded) {
    if (loaded < file.size) onProgress?.({ loaded, total: file.size });
  }
}
function sizeAfter(bytes, milliseconds) {
  return Math.round(Math.min(largest, Math.max(smallest, bytes * 1e3 / milliseconds)));
}
function isGone({ status }) {
  return status === 404 || status === 410;
}
function mayPass2({ code, status = 0 }) {
  return code === "NETWORK" || status >= 500 || [408, 423, 429, 460].includes(status) || code === "UPLOAD_OFFSET";
}
function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// src/client/watch.ts
var unknownId = 4404;
var patience2 = 3;
var betweenLooks = 1;
async function* messagesAbout({
  open,
  look,
  signal
}) {
  let last = "";
  for (let failures = 0; open && failures < patience2; ) {
    for await (const { message, code } of receive(open(), signal)) {
      if (code === unknownId) throw new DarkroomError("There is no such task", { code: "TASK_NOT_FOUND", status: 404 });
      if (!message) {
        failures++;
        break;
      }
      failures = 0;
      if (isNew(message)) yield message;
      if (isFinal(message)) return;
    }
    await pause(backoff(failures), signal);
  }
  for (; ; ) {
    const message = await look();
    if (isNew(message)) yield message;
    if (isFinal(message)) return;
    await pause(betweenLooks, signal);
  }
  function isNew(message) {
    const before = last;
    last = JSON.stringify(message);
    return last !== before;
  }
}
function isFinal({ state }) {
  return state === "SUCCESS" || state === "FAILURE" || state === "REVOKED";
}
async function* receive(socket, signal) {
  const arrived = [];
  let wake = () => {
  };
  socket.onmessage = ({ data }) => {
    arrived.push({ message: JSON.parse(String(data)) });
    wake();
  };
  socket.onclose = ({ code }) => {
    arrived.push({ code });
    wake();
  };
  const stop = () => wake();
  signal?.addEventListener("abort", stop);
  try {
    for (; ; ) {
      signal?.throwIfAborted();
      const next = arrived.shift();
      if (!next) {
        await new Promise((resolve) => {
          wake = resolve;
        });
        continue;
      }
      yield next;
      if (next.code !== void 0) return;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    socket.close();
  }
}

// src/client/wait.ts
var longestPoll = 25;
var shortestPoll = 0.5;
async function untilSuccess(ask, { timeout = Infinity, signal }) {
  const end = performance.now() + timeout * 1e3;
  const late = new DarkroomError(`The task is not finished after ${timeout} s`, { code: "TIMEOUT" });
  const clock = Number.isFinite(timeout) ? new AbortController() : void 0;
  const timer = clock && setTimeout(() => clock.abort(late), timeout * 1e3 + 1e3);
  const signals = [signal, clock?.signal].filter((each) => each !== void 0);
  const either = signals.length > 0 ? AbortSignal.any(signals) : void 0;
  try {
    for (; ; ) {
      const asked = performance.now();
      const wait = Math.max(0, Math.min(longestPoll, (end - asked) / 1e3));
      const task = await ask(wait, either);
      if (task.state === "SUCCESS") return task;
      if (isFinal(task)) throw new TaskFailed(task);
      const now = performance.now();
      if (now >= end) throw late;
      const took = (now - asked) / 1e3;
      if (took < Math.min(wait, shortestPoll)) await pause(shortestPoll - took, either);
    }
  } finally {
    clearTimeout(timer);
  }
}

// src/client/client.ts
function connect(url, given = {}) {
  const { key } = given;
  const options = key === void 0 ? given : { ...given, headers: { ...given.headers, authorization: `Bearer ${key}` } };
  const base = addressOf(url);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const send = sender(base, options);
  const request = repeating(send, options);
  const about = (id) => `api/tasks/${encodeURIComponent(id)}`;
  return {
    submit(task, args, { idempotency_key: key2 = randomName(), signal, ...said } = {}) {
      return request("POST", "api/tasks", {
        body: { ...said, task, ...args && { args } },
        headers: { "idempotency-key": key2 },
        repeatable: true,
        signal
      });
    },
    get: (id) => request("GET", about(id)),
    wait(id, waitOptions = {}) {
      return untilSuccess(
        (wait, signal) => request("GET", about(id), { query: { wait }, signal }),
        waitOptions
      );
    },
    watch(id, { signal } = {}) {
      const address = new URL(`ws/tasks/${encodeURIComponent(id)}`, base);
      address.protocol = base.protocol === "https:" ? "wss:" : "ws:";
      const possible = globalThis.WebSocket && !options.headers;
      return messagesAbout({
        ...possible && { open: () => new WebSocket(address) },
        look: () => request("GET", `${about(id)}/status`, { signal }),
        signal
      });
    },
    cancel: (id, { wait, signal } = {}) => request("POST", `${about(id)}/cancel`, { query: { wait }, signal }),
    retry: (id) => request("POST", `${about(id)}/retry`),
    why: (id) => request("GET", `${about(id)}/why`),
    tasks: (filters) => allTasks(request, filters),
    uploadVideo: (file, uploadOptions) => upload(send, base, file, uploadOptions),
    video: (id) => request("GET", `api/videos/${encodeURIComponent(id)}`)
  };
}
async function* allTasks(request, filters = {}) {
  for (let { cursor } = filters, more = true; more; ) {
    const { items, next_cursor } = await request("GET", "api/tasks", {
      query: { ...filters, cursor }
    });
    yield* items;
    more = next_cursor !== null;
    cursor = next_cursor ?? void 0;
  }
}
function addressOf(url) {
  const here = globalThis.location?.href;
  const page = here?.startsWith("http") ? here : void 0;
  try {
    return new URL(url ?? "/", page);
  } catch (cause) {
    const given = url === void 0 ? "connect() without an address works in a page only" : `connect: ${url} is no address`;
    throw new TypeError(`${given}; give the server's address, such as connect('http://127.0.0.1:8000')`, { cause });
  }
}
export {
  DarkroomError,
  TaskFailed,
  connect
};
