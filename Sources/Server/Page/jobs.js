// The list of jobs, kept by the server, so it survives a reload; and the uploads that are to become jobs.

import { createJob, hooks, isFinal, jobPath, json, newIdempotencyKey, request } from './api.js';
import { announce, create, find, icon, isAbort, setProgress, size, time, toast } from './dom.js';

const page = 30;
const unreachable = Symbol('unreachable');
const statusNames = { queued: 'Queued', running: 'Transcribing', failed: 'Failed', cancelled: 'Cancelled' };

export function ago(seconds) {
  const age = Date.now() / 1000 - seconds;
  if (age < 60) return 'just now';
  if (age < 3600) return `${Math.floor(age / 60)} min ago`;
  const date = new Date(seconds * 1000);
  if (date.toDateString() === new Date().toDateString()) return date.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
  return date.toLocaleDateString([], { day: 'numeric', month: 'short', year: age > 300 * 86400 ? 'numeric' : undefined });
}

export const jobName = (job) => job.name || 'Untitled recording';

/** "Transcribing 49 %" */
export function statusText(job) {
  if (job.status === 'running' && job.progress > 0) return `${statusNames.running} ${Math.floor(job.progress * 100)} %`;
  return statusNames[job.status] ?? 'Completed';
}

/** Asks, then removes a job from the server; true if it is gone. */
export async function deleteJob(job, confirm) {
  const question = `The recording and its transcript${isFinal(job.status) ? '' : ', which is not finished,'} are removed from the server.`;
  if (!(await confirm(`Delete ${jobName(job)}?`, question))) return false;
  try {
    await request(jobPath(job.id), { method: 'DELETE' });
  } catch (error) {
    if (error.status !== 404) {
      toast(error.message, { error: true });
      return false;
    }
  }
  announce(`Deleted ${jobName(job)}`);
  return true;
}

export async function cancelJob(job) {
  try {
    return await json(jobPath(job.id, '/cancel'), { method: 'POST' });
  } catch (error) {
    // It ended before the request came.
    if (error.status === 409) return json(jobPath(job.id)).catch(() => job);
    toast(error.message, { error: true });
    return job;
  }
}

export class JobList {
  constructor({ confirm, onDelete, onUpdate }) {
    Object.assign(this, { confirm, onDelete, onUpdate });
    this.list = find('jobs');
    this.jobs = new Map();
    this.rows = new Map();
    this.selected = null;
    find('more').addEventListener('click', () => this.loadMore());
    this.list.addEventListener('click', (event) => this.click(event));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
    this.refresh();
  }

  /** Asks the server again, soon while something runs and seldom otherwise. */
  async refresh() {
    clearTimeout(this.timer);
    if (this.isLoading) return;
    this.isLoading = true;
    try {
      const { data, has_more: hasMore } = await json(`/v1/jobs?limit=${page}`);
      // Older ones, which were asked for by "Show older ones", stay.
      const oldest = data.at(-1);
      for (const [id, job] of this.jobs) {
        const isInPage = !hasMore || !oldest || job.created_at > oldest.created_at;
        if (isInPage && !data.some((other) => other.id === id)) this.drop(id);
      }
      for (const job of data) this.jobs.set(job.id, { ...this.jobs.get(job.id), ...job });
      if (!this.hasPaged) find('more').hidden = !hasMore;
      this.isLoaded = true;
      if (this.problem === unreachable) hooks.waiting(null);
      this.problem = null;
      this.draw();
      for (const job of data) this.onUpdate(job);
    } catch (error) {
      // Told once, and not at every try.
      if (!error.status) hooks.waiting('The server cannot be reached. Trying again…');
      else if (this.problem !== error.message) toast(error.message, { error: true });
      this.problem = error.status ? error.message : unreachable;
    } finally {
      this.isLoading = false;
    }
    const isBusy = Array.from(this.jobs.values()).some((job) => !isFinal(job.status));
    this.timer = setTimeout(() => (document.hidden ? null : this.refresh()), isBusy || this.problem === unreachable ? 2000 : 15_000);
  }

  async loadMore() {
    const last = this.sorted().at(-1);
    try {
      const { data, has_more: hasMore } = await json(`/v1/jobs?limit=${page}&after=${encodeURIComponent(last.id)}`);
      for (const job of data) this.jobs.set(job.id, job);
      this.hasPaged = true;
      find('more').hidden = !hasMore;
      this.draw();
      this.rows.get(data[0]?.id)?.link.focus();
    } catch (error) {
      toast(error.message, { error: true });
    }
  }

  sorted() {
    return Array.from(this.jobs.values()).sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1));
  }

  update(job) {
    const { text, ...rest } = job;
    this.jobs.set(job.id, { ...this.jobs.get(job.id), ...rest });
    this.draw();
  }

  drop(id) {
    this.jobs.delete(id);
    this.rows.get(id)?.row.remove();
    this.rows.delete(id);
  }

  select(id) {
    this.selected = id;
    this.draw();
  }

  draw() {
    let previous = null;
    for (const job of this.sorted()) {
      const entry = this.rows.get(job.id) ?? this.createRow(job);
      this.fill(entry, job);
      // Rows in their place are left alone, so that the focus stays.
      const place = previous ? previous.nextSibling : this.list.firstChild;
      if (place !== entry.row) this.list.insertBefore(entry.row, place);
      previous = entry.row;
    }
    find('jobs-empty').hidden = !this.isLoaded || this.jobs.size > 0 || find('uploads').children.length > 0;
  }

  createRow(job) {
    const entry = {
      name: create('span', { class: 'job-name' }),
      meta: create('span', { class: 'job-meta' }),
      bar: create('span', { class: 'progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, create('span')),
      action: create('button', { class: 'quiet square small', type: 'button' }, icon('trash')),
    };
    entry.link = create('a', { href: `#${job.id}` }, entry.name, entry.meta, entry.bar);
    entry.row = create('li', { class: 'job', data: { id: job.id } }, entry.link, entry.action);
    this.rows.set(job.id, entry);
    return entry;
  }

  fill(entry, job) {
    const name = jobName(job);
    const isOver = isFinal(job.status);
    const parts = job.status === 'completed' ? [job.duration ? time(job.duration) : null, job.model, ago(job.finished_at ?? job.created_at)]
      : isOver ? [statusText(job), ago(job.finished_at ?? job.created_at)] : [statusText(job), job.model];
    setText(entry.name, name);
    setText(entry.meta, parts.filter(Boolean).join(' · '));
    entry.row.dataset.status = job.status;
    entry.link.title = name;
    if (job.id === this.selected) entry.link.setAttribute('aria-current', 'page');
    else entry.link.removeAttribute('aria-current');
    entry.bar.hidden = isOver;
    entry.bar.setAttribute('aria-label', `Progress of ${name}`);
    if (!isOver) setProgress(entry.bar, job.status === 'queued' ? 0 : job.progress);
    const action = isOver ? 'Delete' : 'Cancel';
    entry.action.title = action;
    entry.action.setAttribute('aria-label', `${action} ${name}`);
    entry.action.querySelector('use').setAttribute('href', isOver ? '#i-trash' : '#i-close');
  }

  async click(event) {
    const button = event.target.closest('button');
    if (!button) return;
    const { id } = button.closest('.job').dataset;
    const job = this.jobs.get(id);
    if (!isFinal(job.status)) {
      const ended = await cancelJob(job);
      this.update(ended);
      this.onUpdate(ended);
      return;
    }
    await this.remove(job);
  }

  async remove(job) {
    if (!(await deleteJob(job, this.confirm))) return false;
    const row = this.rows.get(job.id)?.row;
    const next = (row?.nextSibling ?? row?.previousSibling)?.querySelector('a') ?? find('new-link');
    this.drop(job.id);
    this.draw();
    next.focus();
    this.onDelete(job.id);
    return true;
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sends files one after the other, so that the first is being transcribed while the next is on its way. */
export class Uploads {
  constructor({ onCreated, onChange }) {
    Object.assign(this, { onCreated, onChange });
    this.queue = [];
    this.list = find('uploads');
  }

  get isBusy() {
    return this.queue.length > 0 || this.isSending;
  }

  /** Fields are the options of the form at the time when the files were dropped. */
  add(files, fields) {
    for (const file of files) {
      const upload = { file, fields, key: newIdempotencyKey(), stop: new AbortController() };
      const name = file.name;
      upload.meta = create('span', { class: 'job-meta' }, `Waiting · ${size(file.size)}`);
      upload.bar = create('span', { class: 'progress', role: 'progressbar', 'aria-label': `Upload of ${name}`, 'aria-valuemin': 0, 'aria-valuemax': 100 }, create('span'));
      upload.again = create('button', { class: 'small', type: 'button', hidden: true, onclick: () => this.retry(upload) }, 'Try again');
      upload.close = create('button', { class: 'quiet square small', type: 'button', 'aria-label': `Cancel the upload of ${name}`, title: 'Cancel', onclick: () => this.remove(upload) }, icon('close'));
      upload.row = create('li', { class: 'job upload' },
        create('div', { class: 'job-text' }, create('span', { class: 'job-name', title: name }, name), upload.meta, upload.bar, upload.again), upload.close);
      setProgress(upload.bar, 0);
      this.list.append(upload.row);
      this.queue.push(upload);
    }
    announce(files.length === 1 ? `Uploading ${files[0].name}` : `Uploading ${files.length} files`);
    this.onChange();
    this.next();
  }

  retry(upload) {
    upload.again.hidden = true;
    upload.bar.hidden = false;
    upload.meta.textContent = `Waiting · ${size(upload.file.size)}`;
    delete upload.row.dataset.status;
    upload.close.focus();
    this.queue.push(upload);
    this.next();
  }

  remove(upload) {
    upload.stop.abort();
    this.queue = this.queue.filter((other) => other !== upload);
    upload.row.remove();
    this.onChange();
  }

  async next() {
    if (this.isSending || !this.queue.length) return;
    this.isSending = true;
    const upload = this.queue.shift();
    const { file } = upload;
    const form = new FormData();
    // Fields come before the file, so that a server can refuse them early.
    for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
    form.append('file', file, file.name);
    try {
      const job = await createJob(form, {
        idempotencyKey: upload.key, signal: upload.stop.signal,
        onProgress: (fraction) => {
          setProgress(upload.bar, fraction);
          upload.meta.textContent = fraction == null ? 'Uploading' : fraction < 1
            ? `Uploading ${Math.floor(fraction * 100)} % of ${size(file.size)}` : 'Uploaded, waiting for the server';
        },
      });
      upload.row.remove();
      this.onCreated(job, file);
    } catch (error) {
      if (!isAbort(error)) {
        upload.row.dataset.status = 'failed';
        upload.meta.textContent = error.message;
        upload.bar.hidden = true;
        upload.again.hidden = false;
        upload.close.setAttribute('aria-label', `Dismiss ${file.name}`);
        toast(error.message.includes(file.name) ? error.message : `${file.name}: ${error.message}`, { error: true });
      }
    } finally {
      this.isSending = false;
      this.onChange();
      this.next();
    }
  }
}
