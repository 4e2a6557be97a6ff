// Small helpers for the document, times and storage.

export const find = (id) => document.getElementById(id);

/** Creates an element with attributes, listeners (`onclick`), `class` and `data`. Children may be texts, which stay texts. */
export function create(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') element.className = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(button, name) {
  button.querySelector('use').setAttribute('href', `#i-${name}`);
}

export function setProgress(bar, fraction) {
  if (fraction == null) {
    bar.removeAttribute('aria-valuenow');
    bar.classList.add('unknown');
  } else {
    const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100);
    bar.setAttribute('aria-valuenow', percent);
    bar.classList.remove('unknown');
    bar.firstElementChild.style.width = `${percent}%`;
  }
}

/** 3723.4 → "1:02:03". */
export function time(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** 3723.4 → "1 hour 2 minutes 3 seconds", for screen readers. */
export function spokenTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const parts = [[Math.floor(whole / 3600), 'hour'], [Math.floor(whole / 60) % 60, 'minute'], [whole % 60, 'second']];
  const spoken = parts.filter(([number]) => number).map(([number, unit]) => `${number} ${unit}${number === 1 ? '' : 's'}`);
  return spoken.join(' ') || '0 seconds';
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

let languages;
try {
  languages = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });
} catch {
  languages = { of: (code) => code };
}

/** "de" → "German". The server may also send a name, which is returned capitalized. */
export function languageName(code) {
  if (!code) return '';
  if (code.length > 3) return code[0].toUpperCase() + code.slice(1);
  return languages.of(code === 'jw' ? 'jv' : code) ?? code;
}

/** Local storage that may be blocked or full; then values last as long as the page. */
const spare = new Map();
export const store = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(`swiftlet.${key}`)) ?? spare.get(key);
    } catch {
      return spare.get(key);
    }
  },
  set(key, value) {
    spare.set(key, value);
    try {
      localStorage.setItem(`swiftlet.${key}`, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  },
  remove(key) {
    spare.delete(key);
    try {
      localStorage.removeItem(`swiftlet.${key}`);
    } catch {
      // Nothing was stored.
    }
  },
};

export function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('Stopped', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

export function announce(text) {
  const status = find('status');
  // The same text twice would not be read again.
  status.textContent = status.textContent === text ? `${text}\u00a0` : text;
}

/** Shows a message that goes away by itself, unless it is an error. */
export function toast(text, { error = false } = {}) {
  const message = create(
    'div', { class: error ? 'toast error' : 'toast', role: error ? 'alert' : null },
    create('span', {}, text),
    create('button', { class: 'quiet square small', type: 'button', 'aria-label': 'Dismiss', onclick: () => message.remove() }, icon('close')));
  for (const old of find('toasts').children) if (old.textContent === text) old.remove();
  find('toasts').append(message);
  while (find('toasts').children.length > 4) find('toasts').firstElementChild.remove();
  if (!error) setTimeout(() => message.remove(), 5000);
}

/** Hands a blob to the browser's downloads. */
export function save(blob, name) {
  const link = create('a', { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const isAbort = (error) => error?.name === 'AbortError';
