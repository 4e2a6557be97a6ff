// One job: what is known of it, its transcript as it appears, the recording and downloads.

import { followJob, isFinal, jobPath, json, request } from './api.js';
import { announce, create, find, isAbort, languageName, save, setProgress, store, time, toast } from './dom.js';
import { ago, cancelJob, jobName, statusText } from './jobs.js';
import { Player } from './player.js';
import { formatNames, write } from './subtitles.js';
import { Transcript } from './transcript.js';

export class JobView {
  constructor({ onUpdate, onDelete }) {
    Object.assign(this, { onUpdate, onDelete });
    this.player = new Player({ onTime: (position) => this.transcript?.follow(position) });
    this.transcript = new Transcript({ player: this.player, onEdits: () => this.showEdits() });
    this.transcript.onSegments = (segments) => {
      this.showEmpty();
      const separate = segments.some(({ channel }) => channel === 2);
      this.player.picture.set({ spans: segments, separate });
      if (!this.player.duration) this.player.setDuration(this.job?.duration);
    };
    for (const button of document.querySelectorAll('[data-format]')) {
      button.addEventListener('click', () => this.download(button));
    }
    find('copy').addEventListener('click', () => this.copy());
    find('job-cancel').addEventListener('click', async () => this.update(await cancelJob(this.job)));
    find('job-delete').addEventListener('click', () => this.onDelete(this.job));
    find('edits-discard').addEventListener('click', () => {
      this.transcript.discardEdits();
      announce('All edits discarded');
      find('search').focus();
    });
  }

  get id() {
    return this.job?.id;
  }

  /** Opens a job; the list may know it already. */
  async open(id, known) {
    if (this.id === id) return;
    this.close();
    const stop = new AbortController();
    this.stop = stop;
    this.isWhole = false;
    const { signal } = stop;
    try {
      const job = known ?? (await json(jobPath(id), { signal }));
      if (signal.aborted) return;
      this.job = job;
      this.transcript.open(job);
      this.player.open(job, signal);
      this.update(job);
      find('job-title').focus({ preventScroll: true });
      await followJob(id, {
        segment: (segment, eventId) => {
          if (!signal.aborted) this.transcript.add(segment, eventId);
        },
        progress: ({ position, duration, progress }) => {
          if (!signal.aborted) this.update({ ...this.job, position, progress, duration: duration ?? this.job.duration });
        },
        job: (value) => {
          if (!signal.aborted) this.update(value);
        },
        connection: (isConnected) => {
          if (!signal.aborted) this.showConnection(isConnected);
        },
      }, signal);
      if (signal.aborted) return;
      this.isWhole = true;
      this.showEmpty();
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      this.transcript.clear();
      this.job = null;
      if (error.status === 404) {
        location.hash = '';
        store.remove(`edits.${id}`);
        toast('This job is no longer on the server.', { error: true });
      } else {
        toast(error.message, { error: true });
      }
    }
  }

  close() {
    this.stop?.abort();
    this.transcript.endEdit(true);
    this.transcript.clear();
    this.player.close();
    this.job = null;
    find('job-title').textContent = '';
    find('job-meta').replaceChildren();
  }

  /** What is new about the job, from its events or the list. */
  update(job) {
    if (job.id !== this.id) return;
    const before = this.job.status;
    this.job = { ...this.job, ...job };
    const now = this.job;
    this.onUpdate(now);
    const name = jobName(now);
    find('job-title').textContent = name;
    document.title = `${name} – Swiftlet`;
    const translated = now.task === 'translate' ? 'translated into English' : null;
    const meta = [
      ['status', statusText(now)], ['length', now.duration ? time(now.duration) : null],
      ['language', [languageName(now.language), translated].filter(Boolean).join(', ')], ['model', now.model],
      ['when', ago(now.created_at)],
    ].filter(([, value]) => value);
    const isSame = meta.length === find('job-meta').children.length;
    if (isSame) meta.forEach(([, value], i) => { find('job-meta').children[i].lastChild.textContent = value; });
    else {
      find('job-meta').replaceChildren(...meta.map(([kind, value]) =>
        create('li', { class: kind }, kind === 'status' ? create('span', { class: 'dot', 'aria-hidden': 'true' }) : null, value)));
    }
    find('job-view').dataset.status = now.status;
    const isOver = isFinal(now.status);
    find('job-cancel').hidden = isOver;
    find('job-delete').hidden = !isOver;
    find('job-progress').hidden = isOver;
    if (!isOver) {
      setProgress(find('job-progress').firstElementChild, now.status === 'queued' ? 0 : now.progress);
      find('job-progress-text').textContent = now.status === 'queued' ? 'Waiting for its turn'
        : now.duration ? `${time(now.position)} of ${time(now.duration)}` : 'Starting';
    }
    find('job-error').hidden = !now.error;
    find('job-error').textContent = now.error?.message ?? '';
    find('job-notices').hidden = !now.notices?.length;
    find('job-notices').replaceChildren(...(now.notices ?? []).map((notice) => create('li', {}, notice)));
    for (const button of document.querySelectorAll('[data-format]')) button.disabled = now.status === 'queued';
    if (!this.player.duration) this.player.setDuration(now.duration);
    if (isOver && !isFinal(before)) {
      announce(`${name}: ${now.status === 'completed' ? 'transcription finished' : statusText(now).toLowerCase()}`);
    }
    this.showEdits();
    this.showEmpty();
  }

  showEmpty() {
    const empty = find('segments-empty');
    const { status } = this.job ?? {};
    empty.hidden = this.transcript.segments.length > 0 || this.transcript.pending.length > 0 || !status;
    find('job-view').classList.toggle('nothing', !empty.hidden && this.isWhole);
    empty.textContent = status === 'queued' ? 'The transcript appears here once its turn comes.'
      : status === 'running' ? 'Listening…'
      : !this.isWhole ? 'Loading…'
      : status === 'completed' ? 'No speech was found in this recording.' : 'There is no transcript.';
  }

  showConnection(isConnected) {
    if (isConnected) announce('Connected again');
    find('job-progress-text').textContent = isConnected ? '' : 'The connection was lost. Connecting again…';
    find('job-progress').hidden = isConnected && isFinal(this.job.status);
  }

  showEdits() {
    const count = this.transcript.editCount;
    find('edits-note').hidden = !count;
    find('edits-text').textContent = `${count} segment${count === 1 ? '' : 's'} edited. Edits stay in this browser and go into downloads.`;
  }

  async download(button) {
    const { format } = button.dataset;
    const { job } = this;
    const name = `${jobName(job).replace(/\.[A-Za-z0-9]{1,5}$/, '').replace(/[\\/:*?"<>|]/g, '-')}.${format}`;
    button.setAttribute('aria-busy', 'true');
    try {
      if (this.transcript.editCount) {
        save(write(format, job, this.transcript.exported()), name);
      } else {
        const query = new URLSearchParams({ format: formatNames[format].server });
        if (job.status !== 'completed') query.set('partial', 'true');
        const response = await request(jobPath(job.id, `/transcript?${query}`));
        save(await response.blob(), name);
      }
      announce(`Downloaded ${name}`);
    } catch (error) {
      toast(error.message, { error: true });
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  async copy() {
    const text = this.transcript.plainText;
    try {
      await navigator.clipboard.writeText(text);
      toast('Copied.');
    } catch {
      toast('This browser does not allow copying here. Download the text instead.', { error: true });
    }
  }
}
