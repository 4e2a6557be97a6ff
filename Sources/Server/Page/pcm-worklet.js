// Runs in the audio thread: the microphone's sound as 16 kHz, one channel, 16-bit samples, in pieces of a tenth of a second.

const target = 16_000;
const pieceLength = 1600;
// A windowed sinc of 12 zero crossings to each side; the table holds 256 points per crossing.
const crossings = 12;
const resolution = 256;

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / target;
    // Below the lower of the two rates' limits, so that nothing folds back.
    this.cutoff = Math.min(1, target / sampleRate) * 0.95;
    this.reach = Math.ceil(crossings / this.cutoff);
    this.table = new Float32Array(crossings * resolution + 2);
    for (let i = 0; i < this.table.length; i += 1) {
      const x = i / resolution;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      this.table[i] = x >= crossings ? 0 : sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / crossings)) * this.cutoff;
    }
    // The next sample's place in the input, which begins with silence for the filter's left half.
    this.place = this.reach;
    this.input = new Float32Array(this.reach);
    this.piece = new Int16Array(pieceLength);
    this.filled = 0;
    this.peak = 0;
    this.isRunning = true;
    this.port.onmessage = () => {
      // The filter's right half still waits for sound; silence stands in for it.
      this.take(new Float32Array(this.reach + 1));
      this.send();
      this.isRunning = false;
      this.port.postMessage({ end: true });
    };
  }

  process([channels]) {
    if (channels?.length) {
      let mono = channels[0];
      if (channels.length > 1) {
        mono = new Float32Array(mono.length);
        for (const channel of channels) for (let i = 0; i < mono.length; i += 1) mono[i] += channel[i] / channels.length;
      }
      this.take(mono);
    }
    return this.isRunning;
  }

  take(samples) {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    const { table, cutoff, reach } = this;
    const scale = cutoff * resolution;
    for (; this.place + reach < input.length; this.place += this.step) {
      const first = Math.ceil(this.place - reach);
      const last = Math.floor(this.place + reach);
      let sum = 0;
      for (let i = Math.max(0, first); i <= last; i += 1) {
        const at = Math.abs(i - this.place) * scale;
        const index = Math.floor(at);
        if (index >= table.length - 1) continue;
        sum += input[i] * (table[index] + (table[index + 1] - table[index]) * (at - index));
      }
      const value = Math.max(-1, Math.min(1, sum));
      this.peak = Math.max(this.peak, Math.abs(value));
      this.piece[this.filled] = Math.round(value * 32767);
      this.filled += 1;
      if (this.filled === pieceLength) this.send();
    }
    const unneeded = Math.max(0, Math.floor(this.place) - reach - 1);
    this.input = input.slice(unneeded);
    this.place -= unneeded;
  }

  send() {
    if (!this.filled) return;
    const samples = this.piece.slice(0, this.filled);
    this.port.postMessage({ samples, peak: this.peak }, [samples.buffer]);
    this.filled = 0;
    this.peak = 0;
  }
}

registerProcessor('recorder', Recorder);
