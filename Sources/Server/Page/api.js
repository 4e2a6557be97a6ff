// The server's HTTP interface: errors, API keys, waiting while it is busy, uploads, server-sent events.

import { isAbort, sleep } from './dom.js';

const keyName = 'swiftlet.key';
const mostTries = 30;
let key = null;
try {
  key = sessionStorage.getItem(keyName);
} catch {
  // Storage is blocked; the key lasts as long as the page.
}

/** What the page does when a key is needed and while the server is busy; set by app.js. */
export const hooks = {
  askForKey: async () => null,
  waiting: () => {},
};

export class ServerError extends Error {
  constructor(status, { message, code, param, type } = {}, retryAfter = null) {
    super(message || `The server answered with status ${status}.`);
    Object.assign(this, { name: 'ServerError', status, code, param, type, retryAfter });
  }

  static from(status, body, retryAfter) {
    let error;
    try {
      error = JSON.parse(body).error;
    } catch {
      // Not the server's own answer, but a proxy's, say.
    }
    return new ServerError(status, error ?? {}, retryAfter);
  }
}

const unreachable = () =>
  new ServerError(0, { message: 'The server cannot be reached. Check that it is running and try again.' });

export function currentKey() {
  return key;
}

export function setKey(value) {
  key = value || null;
  try {
    if (key) sessionStorage.setItem(keyName, key);
    else sessionStorage.removeItem(keyName);
  } catch {
    // As above.
  }
}

let asking = null;
let isDeclined = false;
/** Asks once, however many requests wait for the answer, and not again after a "Cancel". */
async function newKey(message, refused) {
  if (key !== refused) return;
  if (!isDeclined) asking ??= hooks.askForKey(message, refused !== null).finally(() => { asking = null; });
  const value = isDeclined ? null : await asking;
  if (value === null) {
    isDeclined = true;
    throw new ServerError(401, { message: 'This server needs an API key. Enter one with the button at the top.', type: 'authentication_error' });
  }
  setKey(value);
}

/** What to do about a refusal: ask for a key, wait, or give up by throwing the error. */
async function recover(error, usedKey, attempt, signal) {
  if (error.status === 401) return newKey(error.message, usedKey);
  if (error.status !== 429 || attempt >= mostTries) throw error;
  const seconds = Math.min(600, Math.max(1, Number(error.retryAfter) || 2 ** Math.min(attempt, 5)));
  try {
    for (let left = Math.ceil(seconds); left > 0; left -= 1) {
      hooks.waiting(`${error.message} Trying again in ${left} s.`);
      await sleep(Math.min(1000, seconds * 1000), signal);
    }
  } finally {
    hooks.waiting(null);
  }
}

export async function request(path, { headers = {}, ...options } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const usedKey = key;
    let response;
    try {
      response = await fetch(path, {
        ...options, cache: 'no-store', headers: usedKey ? { ...headers, Authorization: `Bearer ${usedKey}` } : headers,
      });
    } catch (error) {
      throw isAbort(error) ? error : unreachable();
    }
    if (response.ok) return response;
    const body = await response.text().catch(() => '');
    await recover(ServerError.from(response.status, body, response.headers.get('Retry-After')), usedKey, attempt, options.signal);
  }
}

export const json = async (path, options) => (await request(path, options)).json();
export const jobPath = (id, rest = '') => `/v1/jobs/${encodeURIComponent(id)}${rest}`;

/** Posts a job with progress, which fetch cannot report. The key makes trying again safe: the server knows the request. */
export async function createJob(form, { idempotencyKey, onProgress, signal }) {
  for (let attempt = 0; ; attempt += 1) {
    const usedKey = key;
    try {
      return await post(form, idempotencyKey, onProgress, signal);
    } catch (error) {
      if (isAbort(error)) throw error;
      await recover(error, usedKey, attempt, signal);
    }
  }
}

function post(form, idempotencyKey, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const sender = new XMLHttpRequest();
    const stop = () => sender.abort();
    const end = (settle, value) => {
      signal?.removeEventListener('abort', stop);
      settle(value);
    };
    sender.open('POST', '/v1/jobs');
    sender.setRequestHeader('Idempotency-Key', idempotencyKey);
    if (key) sender.setRequestHeader('Authorization', `Bearer ${key}`);
    sender.upload.onprogress = (event) => onProgress?.(event.lengthComputable ? event.loaded / event.total : null);
    sender.onerror = () => end(reject, unreachable());
    sender.onabort = () => end(reject, new DOMException('Stopped', 'AbortError'));
    sender.onload = () => {
      if (sender.status < 200 || sender.status > 299) {
        end(reject, ServerError.from(sender.status, sender.responseText, sender.getResponseHeader('Retry-After')));
        return;
      }
      try {
        end(resolve, JSON.parse(sender.responseText));
      } catch {
        end(reject, new ServerError(sender.status, { message: 'The server’s answer is not JSON.' }));
      }
    };
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop);
    sender.send(form);
  });
}

/** Server-sent events read by fetch, because EventSource cannot send a key. Yields {event, id, data} as they come. */
export async function* events(path, { lastId, signal }) {
  const headers = { Accept: 'text/event-stream' };
  if (lastId != null) headers['Last-Event-ID'] = lastId;
  const response = await request(path, { headers, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let event = { event: 'message', id: null, data: [] };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (event.data.length) yield { ...event, data: event.data.join('\n') };
          event = { event: 'message', id: null, data: [] };
          continue;
        }
        const colon = line.indexOf(':');
        if (colon === 0) continue;
        const name = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
        if (name === 'data') event.data.push(text);
        else if (name === 'event') event.event = text;
        else if (name === 'id') event.id = text;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export const isFinal = (status) => status === 'completed' || status === 'failed' || status === 'cancelled';

/**
 * Follows a job to its end, and connects again where the connection breaks. Calls on.segment(segment, id), on.progress(p),
 * on.job(job), on.connection(isConnected).
 */
export async function followJob(id, on, signal) {
  let lastId = null;
  let failures = 0;
  for (;;) {
    let isOver = false;
    try {
      for await (const { event, id: eventId, data } of events(jobPath(id, '/events'), { lastId, signal })) {
        if (failures) on.connection(true);
        failures = 0;
        const value = JSON.parse(data);
        if (event === 'segment') {
          if (eventId != null) lastId = eventId;
          on.segment(value, eventId);
        } else if (event === 'progress') {
          on.progress(value);
        } else if (event === 'status') {
          on.job(value);
          isOver = isFinal(value.status);
        }
      }
    } catch (error) {
      // A refusal is final; a broken connection is not, and neither is a server that restarts.
      if (isAbort(error) || (error.status >= 400 && error.status < 500)) throw error;
    }
    if (signal.aborted || isOver) return;
    failures += 1;
    if (failures > 1) on.connection(false);
    await sleep(Math.min(10_000, 500 * 2 ** failures), signal);
  }
}

/** A key for a request that may be sent again. crypto.randomUUID needs HTTPS or localhost. */
export function newIdempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Opens the WebSocket of live captions. A browser can send a key only as a subprotocol. */
export function openStream(query) {
  const address = new URL('/v1/stream', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = new URLSearchParams(query);
  return new WebSocket(address, key ? ['realtime', `openai-insecure-api-key.${key}`] : []);
}
