// Starts the page: options, routes, dialogs, themes and shortcuts.

import { currentKey, hooks, json, setKey } from './api.js';
import { announce, create, find, languageName, setIcon, store, toast } from './dom.js';
import { JobView } from './job-view.js';
import { JobList, Uploads } from './jobs.js';
import { Recorder } from './recorder.js';

// MARK: Dialogs

function ask(dialog, { focus, onOpen } = {}) {
  return new Promise((resolve) => {
    onOpen?.((value) => {
      dialog.returnValue = value;
      dialog.close(value);
    });
    dialog.returnValue = '';
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
    focus?.focus();
  });
}

function confirm(title, text) {
  find('confirm-title').textContent = title;
  find('confirm-text').textContent = text;
  return ask(find('confirm-dialog'), { focus: find('confirm-no') }).then((value) => value === 'yes');
}
find('confirm-yes').addEventListener('click', () => find('confirm-dialog').close('yes'));
find('confirm-no').addEventListener('click', () => find('confirm-dialog').close(''));

async function askForKey(message, isRefused) {
  find('key-message').textContent = isRefused ? message : 'This server needs an API key. Ask whoever runs it for one.';
  find('key-message').classList.toggle('error', isRefused);
  find('key-input').value = '';
  const answer = await ask(find('key-dialog'), { focus: find('key-input') });
  const key = find('key-input').value.trim();
  find('key-input').value = '';
  find('key-button').hidden = false;
  return answer === 'use' && key ? key : null;
}
find('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  find('key-dialog').close('use');
});
find('key-cancel').addEventListener('click', () => find('key-dialog').close(''));
find('key-button').hidden = !currentKey();
find('key-button').addEventListener('click', async () => {
  const key = await askForKey('', false);
  if (!key) return;
  setKey(key);
  location.reload();
});

hooks.askForKey = askForKey;
hooks.waiting = (text) => {
  if (text && find('banner').hidden) announce(text);
  find('banner').hidden = !text;
  find('banner-text').textContent = text ?? '';
};

find('help-button').addEventListener('click', () => find('help-dialog').showModal());
find('help-close').addEventListener('click', () => find('help-dialog').close());
for (const dialog of document.querySelectorAll('dialog')) {
  // A click beside a dialog closes it.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close('');
  });
}

// MARK: Theme

const themes = ['system', 'light', 'dark'];
function showTheme(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  setIcon(find('theme-button'), theme);
  const label = `Theme: ${theme}`;
  find('theme-button').setAttribute('aria-label', label);
  find('theme-button').title = `${label} (T)`;
  view.player.picture.recolor();
}
function changeTheme() {
  const theme = themes[(themes.indexOf(store.get('theme') ?? 'system') + 1) % themes.length];
  store.set('theme', theme);
  showTheme(theme);
  announce(`Theme: ${theme}`);
}
find('theme-button').addEventListener('click', changeTheme);

// MARK: Options

const codes = 'af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh';
const languages = codes.split(' ').map((code) => [code, languageName(code)]).sort((a, b) => a[1].localeCompare(b[1]));
find('language').append(...languages.map(([value, name]) => create('option', { value }, name)));

// The prompt is not kept: one that belongs to another recording would do harm unnoticed.
const optionNames = ['model', 'language', 'task', 'channels', 'live-captions'];
let models = [];

/** English-only models have no choice of language or task. */
function showModel() {
  const model = models.find(({ id }) => id === find('model').value);
  const isEnglishOnly = model?.multilingual === false;
  for (const name of ['language', 'task']) {
    find(name).disabled = isEnglishOnly;
    if (isEnglishOnly) find(name).value = name === 'task' ? 'transcribe' : '';
  }
  find('language-hint').textContent = isEnglishOnly ? 'This model knows English only.' : 'Automatic detects it from the speech.';
}

function readOptions() {
  const saved = store.get('options') ?? {};
  for (const name of optionNames) {
    const control = find(name);
    if (!(name in saved)) continue;
    if (control.type === 'checkbox') control.checked = saved[name];
    else if (control.tagName !== 'SELECT' || Array.from(control.options).some(({ value }) => value === saved[name])) control.value = saved[name];
  }
  showModel();
}

find('options').addEventListener('input', () => {
  showModel();
  store.set('options', Object.fromEntries(optionNames.map((name) =>
    [name, find(name).type === 'checkbox' ? find(name).checked : find(name).value])));
});
find('options').addEventListener('submit', (event) => event.preventDefault());

/** The form's fields for a job; what is at its default is left to the server. */
function fields() {
  const values = {};
  if (find('model').value) values.model = find('model').value;
  if (find('language').value) values.language = find('language').value;
  if (find('task').value !== 'transcribe') values.task = find('task').value;
  if (find('channels').value !== 'mix') values.channels = find('channels').value;
  if (find('prompt').value.trim()) values.prompt = find('prompt').value.trim();
  return values;
}

async function loadModels() {
  try {
    models = (await json('/v1/models')).data;
    // The server may not know before it has loaded a model; the names of Whisper's tell.
    for (const model of models) model.multilingual ??= !/\.en\b/.test(model.id);
  } catch (error) {
    toast(error.message, { error: true });
    return;
  }
  const chosen = models.find((model) => model.default) ?? models[0];
  find('model').replaceChildren(...models.map((model) =>
    create('option', { value: model.id, selected: model === chosen }, model.multilingual === false ? `${model.id} (English)` : model.id)));
  readOptions();
}

// MARK: Views

const view = new JobView({
  onUpdate: (job) => list.update(job),
  onDelete: (job) => list.remove(job),
});
const list = new JobList({
  confirm,
  onDelete: (id) => {
    store.remove(`edits.${id}`);
    if (view.id === id) location.hash = '';
  },
  // The open job's own events are newer than the list, except where another page cancelled it.
  onUpdate: (job) => {
    if (job.id === view.id && job.status !== view.job.status) view.update(job);
  },
});
const uploads = new Uploads({
  onCreated: (job, file) => {
    view.player.keep(job.id, file);
    list.update(job);
    announce(`${file.name} uploaded`);
    list.refresh();
    // A single file opens; several leave the choice.
    if (!location.hash && !uploads.queue.length && !uploads.wasSeveral) location.hash = job.id;
  },
  onChange: () => list.draw(),
});
const recorder = new Recorder({
  query: () => {
    const { model, language } = fields();
    return { ...(model && { model }), ...(language && { language }) };
  },
  onSend: (file) => add([file]),
});

function add(files) {
  if (!files.length) return;
  uploads.wasSeveral = files.length > 1 || uploads.isBusy;
  uploads.add(files, fields());
}

let isFirstRoute = true;
function route() {
  const id = decodeURIComponent(location.hash.slice(1));
  document.body.dataset.view = id ? 'job' : 'new';
  find('new-view').hidden = Boolean(id);
  find('job-view').hidden = !id;
  if (id) find('new-link').removeAttribute('aria-current');
  else find('new-link').setAttribute('aria-current', 'page');
  list.select(id);
  if (id) {
    view.open(id, list.jobs.get(id));
  } else {
    view.close();
    document.title = 'Swiftlet';
    if (!isFirstRoute) find('main').focus({ preventScroll: true });
  }
  if (!isFirstRoute) scrollTo(0, 0);
  isFirstRoute = false;
}
addEventListener('hashchange', route);
document.addEventListener('click', (event) => {
  // "#" would scroll and leave a bare hash in the address.
  if (event.target.closest('a[href="#"]:not(.skip)')) {
    event.preventDefault();
    if (location.hash) location.hash = '';
  }
});
find('skip').addEventListener('click', (event) => {
  event.preventDefault();
  find('main').focus();
});

// MARK: Files

find('choose').addEventListener('click', () => find('files').click());
find('files').addEventListener('change', () => {
  add(Array.from(find('files').files));
  find('files').value = '';
});

const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
let depth = 0;
addEventListener('dragenter', (event) => {
  if (!hasFiles(event)) return;
  depth += 1;
  find('overlay').hidden = false;
});
addEventListener('dragleave', (event) => {
  if (!hasFiles(event)) return;
  depth -= 1;
  if (depth <= 0) find('overlay').hidden = true;
});
addEventListener('dragover', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
});
addEventListener('drop', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  depth = 0;
  find('overlay').hidden = true;
  add(Array.from(event.dataTransfer.files));
});

addEventListener('beforeunload', (event) => {
  if (uploads.isBusy || recorder.hasUnsaved) event.preventDefault();
});

// MARK: Shortcuts

find('confidence').addEventListener('click', toggleConfidence);
function toggleConfidence() {
  const isOn = find('confidence').getAttribute('aria-pressed') !== 'true';
  store.set('confidence', isOn);
  showConfidence(isOn);
}
function showConfidence(isOn) {
  find('confidence').setAttribute('aria-pressed', isOn);
  find('segments').classList.toggle('confident', !isOn);
  find('legend').classList.toggle('off', !isOn);
}

find('shortcuts').checked = store.get('shortcuts') ?? true;
find('shortcuts').addEventListener('change', () => store.set('shortcuts', find('shortcuts').checked));

const anywhere = {
  '?': () => find('help-dialog').showModal(),
  u: () => find('files').click(),
  r: () => {
    if (location.hash) location.hash = '';
    recorder.toggle();
  },
  n: () => { location.hash = ''; },
  t: changeTheme,
};
const inJob = {
  ' ': () => view.player.toggle(),
  ArrowLeft: () => view.player.skip(-5),
  ArrowRight: () => view.player.skip(5),
  '[': () => view.player.changeSpeed(-1),
  ']': () => view.player.changeSpeed(1),
  '/': () => find('search').select(),
  c: toggleConfidence,
  e: () => view.transcript.current && view.transcript.edit(view.transcript.current),
  ArrowDown: () => view.transcript.current?.row.focus(),
};
addEventListener('keydown', (event) => {
  const { target, key } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !find('shortcuts').checked) return;
  if (document.querySelector('dialog[open]')) return;
  const isText = target.matches?.('input:not([type=checkbox]), textarea, select, [contenteditable]');
  const isControl = target.matches?.('button, a, input, summary, audio');
  if (isText || (isControl && (key === ' ' || key === 'Enter'))) return;
  const name = key.length === 1 ? key.toLowerCase() : key;
  // Arrow keys scroll a page that shows no job, or whose focus is elsewhere.
  const action = anywhere[name] ?? (view.id ? inJob[name] : null);
  if (!action) return;
  if (name === 'ArrowDown' && target !== document.body && target !== find('job-title') && target !== find('search')) return;
  event.preventDefault();
  action();
});

// MARK: Start

showTheme(store.get('theme') ?? 'system');
showConfidence(store.get('confidence') ?? true);
route();
loadModels();
