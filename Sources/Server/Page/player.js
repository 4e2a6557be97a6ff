// The player: the audio element, its controls and the waveform, which is also its slider.

import { jobPath, currentKey, request } from './api.js';
import { announce, find, isAbort, setIcon, spokenTime, time } from './dom.js';
import { readPeaks, Waveform } from './waveform.js';

// Recordings up to this size are fetched as a whole, for the waveform.
const mostBytes = 48e6;
const speeds = [0.5, 0.75, 1, 1.25, 1.5, 2];

export class Player {
  constructor({ onTime }) {
    this.audio = find('audio');
    this.wave = find('wave');
    this.picture = new Waveform(find('wave-canvas'));
    this.onTime = onTime;
    this.address = null;
    this.localFiles = new Map();
    this.connect();
  }

  connect() {
    const { audio, wave } = this;
    find('play').addEventListener('click', () => this.toggle());
    find('rewind').addEventListener('click', () => this.skip(-5));
    find('skip-ahead').addEventListener('click', () => this.skip(5));
    find('speed').addEventListener('change', () => this.setSpeed(Number(find('speed').value)));
    audio.addEventListener('play', () => this.showState());
    audio.addEventListener('pause', () => this.showState());
    audio.addEventListener('ended', () => this.showState());
    audio.addEventListener('timeupdate', () => this.showTime());
    audio.addEventListener('seeked', () => this.showTime());
    audio.addEventListener('durationchange', () => this.setDuration(audio.duration));
    audio.addEventListener('waiting', () => this.note('Loading…'));
    audio.addEventListener('playing', () => this.note(''));
    audio.addEventListener('error', () => {
      if (!audio.getAttribute('src')) return;
      this.note('This browser cannot play this recording.');
      this.canPlay = false;
    });

    const fraction = (event) => {
      const box = wave.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    let isDragging = false;
    wave.addEventListener('pointerdown', (event) => {
      if (event.button) return;
      isDragging = true;
      wave.setPointerCapture(event.pointerId);
      this.seek(fraction(event) * this.duration);
    });
    wave.addEventListener('pointermove', (event) => {
      const label = find('wave-time');
      label.hidden = !this.duration;
      label.textContent = time(fraction(event) * this.duration);
      label.style.left = `${fraction(event) * 100}%`;
      if (isDragging) this.seek(fraction(event) * this.duration);
    });
    for (const name of ['pointerup', 'pointercancel']) wave.addEventListener(name, () => { isDragging = false; });
    wave.addEventListener('pointerleave', () => { find('wave-time').hidden = true; });
    wave.addEventListener('keydown', (event) => {
      const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -30, PageUp: 30 };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in steps) this.skip(steps[event.key]);
      else if (event.key === 'Home') this.seek(0);
      else if (event.key === 'End') this.seek(this.duration);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** A file that was just uploaded need not be downloaded again. */
  keep(id, file) {
    this.localFiles.set(id, file);
  }

  /** Shows another job's recording. */
  open(job, signal) {
    this.close();
    this.signal = signal;
    this.job = job;
    this.canPlay = true;
    this.picture.reset();
    this.setDuration(job.duration);
    this.showTime();
    this.showState();
    const local = this.localFiles.get(job.id);
    const isSmall = (local?.size ?? job.bytes ?? 0) <= mostBytes;
    if (local) this.setSource(local);
    else if (!currentKey()) this.audio.src = jobPath(job.id, '/audio');
    if (isSmall) {
      this.loadPicture(local).catch((error) => {
        if (!isAbort(error) && this.job === job && !this.audio.getAttribute('src')) this.note(error.message);
      });
    }
  }

  close() {
    this.audio.pause();
    this.audio.removeAttribute('src');
    this.audio.load();
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
    this.loading = null;
    this.job = null;
    this.wanted = null;
    this.duration = 0;
    this.note('');
  }

  setSource(blob) {
    this.address = URL.createObjectURL(blob);
    this.audio.src = this.address;
  }

  /** An audio element cannot send a key, so a recording behind one is fetched as a whole. */
  async fetchAudio() {
    const { job, signal } = this;
    this.loading ??= request(jobPath(job.id, '/audio'), { signal }).then((response) => response.blob());
    try {
      return await this.loading;
    } catch (error) {
      this.loading = null;
      throw error;
    }
  }

  async loadPicture(local) {
    const { job, signal } = this;
    const blob = local ?? (await this.fetchAudio());
    if (signal.aborted) return;
    if (!this.audio.getAttribute('src')) this.setSource(blob);
    const peaks = await readPeaks(blob, job.duration ?? 0).catch(() => null);
    if (signal.aborted || !peaks) return;
    this.picture.set({ peaks });
    if (!this.duration) this.setDuration(peaks.duration);
  }

  setDuration(seconds) {
    // Some files give their length only once they have been played; until then the server's counts.
    if (!Number.isFinite(seconds) || !seconds) return;
    this.duration = seconds;
    find('length').textContent = time(seconds);
    this.wave.setAttribute('aria-valuemax', Math.round(seconds));
    this.picture.set({ duration: seconds });
    this.showTime();
  }

  get position() {
    return this.audio.currentTime || 0;
  }

  get isPlaying() {
    return !this.audio.paused && !this.audio.ended;
  }

  async toggle() {
    if (this.isPlaying) this.audio.pause();
    else await this.play();
  }

  async play() {
    if (!this.job || !this.canPlay) return;
    try {
      if (!this.audio.getAttribute('src')) {
        this.note('Loading the recording…');
        const { job } = this;
        const blob = await this.fetchAudio();
        if (this.job !== job) return;
        if (!this.audio.getAttribute('src')) this.setSource(blob);
        this.note('');
        if (this.wanted != null) this.audio.currentTime = this.wanted;
      }
      await this.audio.play();
    } catch (error) {
      if (!isAbort(error) && error.name !== 'NotSupportedError') this.note(error.message);
    }
  }

  seek(seconds) {
    if (!this.job) return;
    const position = Math.min(Math.max(0, seconds), this.duration || seconds);
    this.wanted = position;
    if (this.audio.getAttribute('src')) this.audio.currentTime = position;
    this.showTime(position);
  }

  skip(seconds) {
    this.seek(this.position + seconds);
  }

  changeSpeed(direction) {
    const index = speeds.indexOf(this.audio.playbackRate) + direction;
    if (index < 0 || index >= speeds.length) return;
    this.setSpeed(speeds[index]);
    find('speed').value = String(speeds[index]);
    announce(`Speed ${speeds[index]}`);
  }

  /** The default holds for the next recording too. */
  setSpeed(speed) {
    this.audio.defaultPlaybackRate = speed;
    this.audio.playbackRate = speed;
  }

  note(text) {
    find('player-note').textContent = text;
  }

  showState() {
    const { isPlaying } = this;
    find('play').setAttribute('aria-label', isPlaying ? 'Pause' : 'Play');
    find('play').title = isPlaying ? 'Pause (space)' : 'Play (space)';
    setIcon(find('play'), isPlaying ? 'pause' : 'play');
    if (isPlaying && !this.isTicking) {
      this.isTicking = true;
      requestAnimationFrame(() => this.tick());
    }
  }

  /** While playing, words are followed more often than the four times a second of timeupdate. */
  tick() {
    this.isTicking = this.isPlaying;
    if (!this.isTicking) return;
    this.showTime();
    requestAnimationFrame(() => this.tick());
  }

  showTime(position = this.position) {
    find('now').textContent = time(position);
    this.picture.set({ position });
    const whole = Math.round(position);
    if (this.shown !== whole || this.wave.getAttribute('aria-valuetext') === null) {
      this.shown = whole;
      this.wave.setAttribute('aria-valuenow', whole);
      this.wave.setAttribute('aria-valuetext', `${spokenTime(position)} of ${spokenTime(this.duration)}`);
    }
    this.onTime(position);
  }
}
