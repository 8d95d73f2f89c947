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
function requester(base, { fetch, headers, retries = 5 }) {
  const send = fetch ?? ((...input) => globalThis.fetch(...input));
  return async function request(method, path, ask = {}) {
    const { repeatable = method === "GET", signal } = ask;
    for (let failures = 0; ; failures++) {
      try {
        return await once(method, path, ask);
      } catch (error) {
        const { retryAfter = 0 } = error;
        const again = repeatable && failures < retries && retryAfter <= longestPause;
        if (!again || !mayPass(error)) throw error;
        await pause(Math.max(backoff(failures), retryAfter), signal);
      }
    }
  };
  async function once(method, path, { query, body, headers: more, signal }) {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== void 0) url.searchParams.set(name, String(value));
    }
    const { status, text, retryAfter } = await answerTo(url, {
      method,
      headers: { ...headers, ...more, ...body !== void 0 && { "content-type": "application/json" } },
      ...body !== void 0 && { body: JSON.stringify(body) },
      ...signal && { signal }
    });
    if (status >= 400) throw errorOf(status, text, retryAfter);
    return text === "" ? void 0 : JSON.parse(text);
  }
  async function answerTo(url, init) {
    try {
      const response = await send(url, init);
      return {
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        text: await response.text()
      };
    } catch (error) {
      init.signal?.throwIfAborted();
      throw new DarkroomError(`There was no answer from ${url.origin}`, { code: "NETWORK", cause: error });
    }
  }
}
function mayPass({ code, status }) {
  return code === "NETWORK" || status === 429 || status === 503;
}

// src/client/upload.ts
var field = "video";
var step = 64 * 1024;
async function upload(needs, file, options = {}) {
  options.signal?.throwIfAborted();
  const name = options.filename ?? file.name ?? "video";
  const Xhr = globalThis.XMLHttpRequest;
  const key = options.idempotency_key;
  const keyed = { ...needs, headers: { ...needs.headers, ...key !== void 0 && { "idempotency-key": key } } };
  const { status, text } = await (Xhr && !needs.fetch ? sendForm(new Xhr(), keyed, file, name, options) : sendStream(keyed, file, name, options));
  if (status >= 400) throw errorOf(status, text);
  return JSON.parse(text);
}
function sendForm(xhr, needs, file, name, { onProgress, signal }) {
  const form = new FormData();
  form.append(field, file, name);
  const stop = () => xhr.abort();
  return new Promise((resolve, reject) => {
    if (onProgress) {
      xhr.upload.onprogress = ({ loaded, total }) => onProgress({ loaded: Math.max(0, loaded - (total - file.size)), total: file.size });
    }
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText });
    xhr.onerror = () => reject(broken(needs.url));
    xhr.onabort = () => reject(signal?.reason);
    xhr.open("POST", needs.url.href);
    for (const [header, value] of Object.entries(needs.headers ?? {})) xhr.setRequestHeader(header, value);
    signal?.addEventListener("abort", stop);
    xhr.send(form);
  }).finally(() => signal?.removeEventListener("abort", stop));
}
async function sendStream(needs, file, name, { onProgress, signal }) {
  const { url, fetch = globalThis.fetch, headers } = needs;
  const boundary = `----darkroom${randomName()}`;
  async function* form() {
    const text = new TextEncoder();
    const filename = name.replaceAll(/["\r\n]/g, encodeURIComponent);
    const type = file.type || "application/octet-stream";
    yield text.encode(
      `--${boundary}\r
content-disposition: form-data; name="${field}"; filename="${filename}"\r
content-type: ${type}\r
\r
`
    );
    let loaded = 0;
    for await (const chunk of file.stream()) {
      for (let start = 0; start < chunk.length; start += step) {
        const piece = chunk.subarray(start, start + step);
        yield piece;
        loaded += piece.length;
        onProgress?.({ loaded, total: file.size });
      }
    }
    yield text.encode(`\r
--${boundary}--\r
`);
  }
  try {
    const init = {
      method: "POST",
      headers: { ...headers, "content-type": `multipart/form-data; boundary=${boundary}` },
      body: streamOf(form()),
      duplex: "half",
      ...signal && { signal }
    };
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal?.throwIfAborted();
    throw broken(url, error);
  }
}
function streamOf(chunks) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    }
  });
}
function broken({ origin }, cause) {
  return new DarkroomError(`The upload to ${origin} broke off`, { code: "NETWORK", cause });
}
function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// src/client/watch.ts
var unknownId = 4404;
var patience = 3;
var betweenLooks = 1;
async function* messagesAbout({
  open,
  look,
  signal
}) {
  let last = "";
  for (let failures = 0; open && failures < patience; ) {
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

// src/client/client.ts
var longestPoll = 25;
var shortestPoll = 0.5;
function connect(url, options = {}) {
  const base = addressOf(url);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const request = requester(base, options);
  const about = (id) => `api/tasks/${encodeURIComponent(id)}`;
  return {
    /** Submits a task. If the answer is lost, the request is repeated with the same key, and the task exists once. */
    submit(task, args, submitOptions = {}) {
      const { idempotency_key: key = randomName(), signal, ...said } = submitOptions;
      return request("POST", "api/tasks", {
        body: { ...said, task, ...args && { args } },
        headers: { "idempotency-key": key },
        repeatable: true,
        signal
      });
    },
    get(id) {
      return request("GET", about(id));
    },
    /** The task once it has succeeded. Throws TaskFailed if it did not, and a DarkroomError `TIMEOUT` after `timeout`. */
    async wait(id, { timeout = Infinity, signal } = {}) {
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
          const task = await request("GET", about(id), { query: { wait }, signal: either });
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
    },
    /** The status, then each change up to the final one, over a WebSocket that is opened again when it breaks. */
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
    /** Cancels a task; with `wait` (seconds) the answer comes when its processes are gone. */
    cancel(id, { wait, signal } = {}) {
      return request("POST", `${about(id)}/cancel`, { query: { wait }, signal });
    },
    /** Retries a task that failed or was revoked. */
    retry(id) {
      return request("POST", `${about(id)}/retry`);
    },
    /** Why a task does not run: what it waits for, and the requests that would change it. */
    why(id) {
      return request("GET", `${about(id)}/why`);
    },
    /** Every task that fits the filters, newest first; `limit` is the size of a page. */
    async *tasks(filters = {}) {
      for (let { cursor } = filters, more = true; more; ) {
        const { items, next_cursor } = await request(
          "GET",
          "api/tasks",
          { query: { ...filters, cursor } }
        );
        yield* items;
        more = next_cursor !== null;
        cursor = next_cursor ?? void 0;
      }
    },
    /** Uploads a film: a File in browsers, in Node the answer of `openAsBlob` of `node:fs`. */
    uploadVideo(file, uploadOptions) {
      const { fetch, headers } = options;
      return upload({ url: new URL("api/videos", base), fetch, headers }, file, uploadOptions);
    },
    video(id) {
      return request("GET", `api/videos/${encodeURIComponent(id)}`);
    }
  };
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
