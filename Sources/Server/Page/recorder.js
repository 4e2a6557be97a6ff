// Recording from the microphone, with captions as one speaks. What was recorded becomes a file that can be transcribed.

import { openStream, request } from './api.js';
import { announce, create, find, save, sleep, spokenTime, time, toast } from './dom.js';

const rate = 16_000;
// Captions that lag by more than this are given up; the recording goes on.
const mostWaiting = 2_000_000;

/** 16 kHz, one channel, 16 bits. */
function wave(pieces) {
  const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, value) => Array.from(value).forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, 'RIFF');
  header.setUint32(4, 36 + bytes, true);
  text(8, 'WAVEfmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, 'data');
  header.setUint32(40, bytes, true);
  return new Blob([header, ...pieces], { type: 'audio/wav' });
}

const reasons = {
  NotAllowedError: 'The microphone is blocked. Allow it for this page in your browser, then try again.',
  NotFoundError: 'No microphone was found. Connect one and try again.',
  NotReadableError: 'The microphone is in use by another program. Close it and try again.',
};

export class Recorder {
  constructor({ query, onSend }) {
    Object.assign(this, { query, onSend });
    this.state = 'idle';
    find('record').addEventListener('click', () => this.toggle());
    find('stop').addEventListener('click', () => this.stop());
    find('live-send').addEventListener('click', () => this.send());
    find('live-save').addEventListener('click', () => save(this.file, this.file.name));
    find('live-discard').addEventListener('click', () => this.discard());
  }

  get hasUnsaved() {
    return this.state !== 'idle';
  }

  toggle() {
    if (this.state === 'recording') this.stop();
    else if (this.state !== 'starting') this.start();
  }

  async start() {
    if (this.state === 'recorded') this.discard();
    if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
      toast('Browsers give access to the microphone only over HTTPS or on localhost. Open this page that way to record.', { error: true });
      return;
    }
    this.state = 'starting';
    find('record').disabled = true;
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, noiseSuppression: true, autoGainControl: true } });
      this.context = new AudioContext();
      await this.context.audioWorklet.addModule('/page/pcm-worklet.js');
      // Firefox waits for ever where there is no sound device to play to.
      await Promise.race([this.context.resume(), sleep(4000)]);
      if (this.context.state !== 'running') throw new Error('the browser’s audio did not start. Connect a sound device and try again.');
      this.node = new AudioWorkletNode(this.context, 'recorder', { numberOfOutputs: 0 });
      this.context.createMediaStreamSource(this.microphone).connect(this.node);
    } catch (error) {
      this.release();
      this.state = 'idle';
      find('record').disabled = false;
      toast(reasons[error.name] ?? `The microphone cannot be used: ${error.message}`, { error: true });
      return;
    }
    this.pieces = [];
    this.samples = 0;
    this.state = 'recording';
    document.body.classList.add('recording');
    this.node.port.onmessage = ({ data }) => this.take(data);
    // A microphone that is unplugged ends the recording.
    this.microphone.getTracks()[0].addEventListener('ended', () => this.stop());
    for (const id of ['committed', 'partial']) find(id).textContent = '';
    find('live').hidden = false;
    find('live-running').hidden = false;
    find('live-done').hidden = true;
    this.note('');
    this.showTime();
    const hasCaptions = find('live-captions').checked;
    find('captions').hidden = !hasCaptions;
    if (hasCaptions) this.connect();
    announce('Recording');
    find('stop').focus();
  }

  take({ samples, peak, end }) {
    if (end) return this.finish();
    this.pieces.push(samples);
    this.samples += samples.length;
    this.showTime();
    const level = Math.round(Math.min(1, peak ** 0.5) * 100);
    find('level').setAttribute('aria-valuenow', level);
    find('level').firstElementChild.style.width = `${level}%`;
    const { socket } = this;
    if (socket?.readyState === WebSocket.OPEN) {
      if (socket.bufferedAmount > mostWaiting) this.giveUp('The connection is too slow for captions.');
      else socket.send(samples);
    }
  }

  showTime() {
    const length = time(this.samples / rate);
    if (find('live-time').textContent !== length) find('live-time').textContent = length;
  }

  note(text) {
    find('live-note').textContent = text;
    find('live-note').hidden = !text;
  }

  // MARK: Captions

  async connect() {
    try {
      // A refused WebSocket tells nothing; an ordinary request asks for a missing key first.
      await request('/v1/models');
      if (this.state !== 'recording') return;
      const socket = openStream({ ...this.query(), format: 's16le', sample_rate: rate });
      this.socket = socket;
      socket.onopen = () => {
        // What was said while connecting.
        for (const piece of this.pieces) socket.send(piece);
        if (this.state === 'recorded') this.endSound();
      };
      socket.onmessage = ({ data }) => this.show(socket, JSON.parse(data));
      socket.onclose = () => {
        if (socket === this.socket && !this.isDone) this.giveUp('The connection for captions was lost.');
      };
      this.isDone = false;
    } catch (error) {
      this.giveUp(error.name === 'SyntaxError' ? 'This key has characters that browsers cannot send for captions.' : error.message);
    }
  }

  giveUp(reason) {
    const { socket } = this;
    this.socket = null;
    socket?.close();
    find('partial').textContent = '';
    this.note(this.state === 'recording' ? `No captions: ${reason} Recording continues.` : `Captions end here: ${reason}`);
  }

  show(socket, message) {
    if (socket !== this.socket) return;
    const text = (words) => words.map(({ word }) => word).join('');
    if (message.type === 'update') {
      if (message.committed.length) {
        const added = text(message.committed);
        find('committed').append(create('span', {}, find('committed').firstChild ? added : added.trimStart()));
      }
      const guess = text(message.partial);
      find('partial').textContent = find('committed').firstChild ? guess : guess.trimStart();
      find('captions').scrollTop = find('captions').scrollHeight;
    } else if (message.type === 'done') {
      this.isDone = true;
      find('partial').textContent = '';
      if (message.text && !find('committed').textContent.trim()) find('committed').textContent = message.text.trim();
      this.socket = null;
      socket.close();
    } else if (message.type === 'error') {
      this.giveUp(message.error?.message ?? 'The server ended the captions.');
    }
  }

  endSound() {
    this.socket?.send(JSON.stringify({ type: 'end' }));
  }

  // MARK: The end

  stop() {
    if (this.state !== 'recording') return;
    this.state = 'stopping';
    this.node.port.postMessage('end');
  }

  finish() {
    this.release();
    this.state = 'recorded';
    if (this.socket?.readyState === WebSocket.OPEN) this.endSound();
    const seconds = this.samples / rate;
    const now = new Date();
    const two = (number) => String(number).padStart(2, '0');
    const stamp = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}`;
    this.file = new File([wave(this.pieces)], `Recording ${stamp}.wav`, { type: 'audio/wav' });
    find('record').disabled = false;
    find('live-running').hidden = true;
    find('live-done').hidden = false;
    find('live-done-title').textContent = `Recorded ${spokenTime(seconds)}`;
    find('live-audio').src = URL.createObjectURL(this.file);
    announce(`Recorded ${spokenTime(seconds)}`);
    find('live-send').focus();
  }

  release() {
    document.body.classList.remove('recording');
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.context?.close();
    this.microphone = null;
    this.context = null;
  }

  send() {
    const { file } = this;
    this.discard();
    this.onSend(file);
  }

  discard() {
    const { socket } = this;
    this.socket = null;
    socket?.close();
    URL.revokeObjectURL(find('live-audio').src);
    find('live-audio').removeAttribute('src');
    find('live').hidden = true;
    this.state = 'idle';
    this.pieces = [];
    find('record').focus();
  }
}
