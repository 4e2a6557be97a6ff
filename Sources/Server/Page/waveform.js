// The picture of the sound: peaks from decoded audio or, for what is too long to decode, where the transcript has words.

const buckets = 2000;
// The lowest rate that every browser decodes to: an hour of stereo takes 230 MB while its peaks are counted.
const rate = 8000;
const mostSeconds = 5400;

/** The peak of each of 2000 equal parts, 0 to 1, for one channel or two. */
export async function readPeaks(blob, expectedSeconds) {
  if (!window.OfflineAudioContext || expectedSeconds > mostSeconds) return null;
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await blob.arrayBuffer());
  const channels = [];
  let loudest = 0;
  for (let channel = 0; channel < Math.min(2, sound.numberOfChannels); channel += 1) {
    const samples = sound.getChannelData(channel);
    const peaks = new Float32Array(buckets);
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const end = Math.floor(((bucket + 1) * samples.length) / buckets);
      let peak = 0;
      for (let i = Math.floor((bucket * samples.length) / buckets); i < end; i += 1) {
        const value = Math.abs(samples[i]);
        if (value > peak) peak = value;
      }
      peaks[bucket] = peak;
      loudest = Math.max(loudest, peak);
    }
    channels.push(peaks);
  }
  if (loudest > 0) for (const peaks of channels) for (let i = 0; i < buckets; i += 1) peaks[i] /= loudest;
  return { channels, duration: sound.duration };
}

export class Waveform {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.reset();
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolor());
  }

  reset() {
    this.peaks = null;
    this.spans = [];
    this.position = 0;
    this.duration = 0;
    this.separate = false;
    this.redraw();
  }

  recolor() {
    this.colors = null;
    this.redraw();
  }

  set(values) {
    Object.assign(this, values);
    this.redraw();
  }

  redraw() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  draw() {
    const { canvas, context } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    this.colors ??= ['--wave', '--accent', '--channel-1', '--channel-2', '--text'].map((name) => this.color(name));
    const [unplayed, played, first, second, line] = this.colors;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const head = this.duration ? (this.position / this.duration) * width : 0;
    const middle = height / 2;
    if (this.peaks) {
      const [left, right] = this.peaks.channels;
      const isSplit = this.separate && right;
      const step = 3;
      for (let x = 0; x < width; x += step) {
        const from = Math.floor((x / width) * buckets);
        const to = Math.max(from + 1, Math.floor(((x + step) / width) * buckets));
        let [up, down] = [0, 0];
        for (let i = from; i < to && i < buckets; i += 1) {
          up = Math.max(up, left[i]);
          if (right) down = Math.max(down, right[i]);
        }
        if (!isSplit) up = down = Math.max(up, down);
        // A root makes quiet speech visible.
        const [top, bottom] = [Math.max(1, up ** 0.7 * (middle - 2)), Math.max(1, down ** 0.7 * (middle - 2))];
        const isPlayed = x < head;
        context.globalAlpha = isSplit && !isPlayed ? 0.45 : 1;
        context.fillStyle = isSplit ? first : isPlayed ? played : unplayed;
        this.bar(x, middle - top, top + (isSplit ? -0.5 : 0));
        context.fillStyle = isSplit ? second : context.fillStyle;
        this.bar(x, middle + (isSplit ? 0.5 : 0), bottom);
      }
      context.globalAlpha = 1;
    } else {
      context.fillStyle = unplayed;
      context.fillRect(0, middle - 1, width, 2);
      context.fillStyle = played;
      context.fillRect(0, middle - 1, head, 2);
      for (const { start, end, channel } of this.duration ? this.spans : []) {
        const x = (start / this.duration) * width;
        context.fillStyle = channel === 2 ? second : x < head ? played : unplayed;
        context.fillRect(x, middle - 6, Math.max(1, ((end - start) / this.duration) * width - 1), 12);
      }
    }
    if (this.duration) {
      context.fillStyle = line;
      context.fillRect(Math.min(width - 2, Math.max(0, head - 1)), 0, 2, height);
    }
  }

  bar(x, y, height) {
    this.context.fillRect(x, y, 2, height);
  }

  /** A custom property as a plain color, which canvas understands. */
  color(name) {
    const probe = document.createElement('span');
    probe.style.color = `var(${name})`;
    this.canvas.parentElement.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}
