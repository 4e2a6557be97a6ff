// Downloads of edited transcripts. Unedited ones come from the server, in its formats.

const lineLength = 42;

/** Where each word of an edited text is in time: words that were there keep their times, others share the time between. */
export function alignWords(text, words, start, end) {
  const found = Array.from(text.matchAll(/\S+/g), (match) => ({
    word: match[0], from: match.index, to: match.index + match[0].length, start: null, end: null, probability: null,
  }));
  const bare = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const before = words.map((word) => bare(word.word));
  const after = found.map((word) => bare(word.word));
  // The longest common subsequence; a segment has at most a few hundred words.
  const lengths = Array.from({ length: after.length + 1 }, () => new Uint16Array(before.length + 1));
  for (let i = after.length - 1; i >= 0; i -= 1) {
    for (let j = before.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = after[i] === before[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  for (let i = 0, j = 0; i < after.length && j < before.length;) {
    if (after[i] === before[j]) {
      const { start: s, end: e, probability } = words[j];
      Object.assign(found[i], { start: s, end: e, probability });
      i += 1;
      j += 1;
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
    else j += 1;
  }
  for (let i = 0; i < found.length; i += 1) {
    if (found[i].start != null) continue;
    let last = i;
    while (last + 1 < found.length && found[last + 1].start == null) last += 1;
    const from = i > 0 ? found[i - 1].end : start;
    const to = Math.max(from, last + 1 < found.length ? found[last + 1].start : end);
    const step = (to - from) / (last - i + 1);
    for (let k = i; k <= last; k += 1) Object.assign(found[k], { start: from + (k - i) * step, end: from + (k - i + 1) * step });
  }
  return found;
}

function stamp(seconds, separator) {
  const all = Math.round(seconds * 1000);
  const two = (number, width = 2) => String(number).padStart(width, '0');
  return `${two(Math.floor(all / 3_600_000))}:${two(Math.floor(all / 60_000) % 60)}:${two(Math.floor(all / 1000) % 60)}${separator}${two(all % 1000, 3)}`;
}

/** Two lines of about the same length. */
function wrap(text) {
  if (text.length <= lineLength) return text;
  let best = -1;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) {
    if (best < 0 || Math.abs(at - text.length / 2) < Math.abs(best - text.length / 2)) best = at;
  }
  return best < 0 ? text : `${text.slice(0, best)}\n${text.slice(best + 1)}`;
}

/** Cues of two lines at most, cut between words. */
function cues(segments) {
  const all = [];
  for (const segment of segments) {
    const text = segment.text.replace(/\s+/g, ' ').trim();
    if (!text) continue;
    if (text.length <= 2 * lineLength || segment.words.length < 2) {
      all.push({ ...segment, text });
      continue;
    }
    const count = Math.ceil(text.length / (2 * lineLength - 8));
    let words = [];
    let length = 0;
    const flush = () => {
      if (!words.length) return;
      all.push({ channel: segment.channel, start: words[0].start, end: words.at(-1).end, text: words.map((word) => word.word.trim()).join(' ') });
      words = [];
      length = 0;
    };
    for (const word of segment.words) {
      words.push(word);
      length += word.word.trim().length + 1;
      if (length >= text.length / count) flush();
    }
    flush();
  }
  return all;
}

const bySpeaker = (segment, text) => (segment.channel == null ? text : `Channel ${segment.channel}: ${text}`);

const formats = {
  srt: ({ segments }) => cues(segments).map((cue, index) =>
    `${index + 1}\n${stamp(cue.start, ',')} --> ${stamp(cue.end, ',')}\n${wrap(bySpeaker(cue, cue.text))}\n`).join('\n'),
  vtt: ({ segments }) => `WEBVTT\n\n${cues(segments).map((cue) => {
    const text = wrap(cue.text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
    return `${stamp(cue.start, '.')} --> ${stamp(cue.end, '.')}\n${cue.channel == null ? '' : `<v Channel ${cue.channel}>`}${text}\n`;
  }).join('\n')}`,
  txt: ({ segments }) => segments.filter((segment) => segment.text).map((segment) => `${bySpeaker(segment, segment.text)}\n`).join(''),
  json: ({ job, segments }) => `${JSON.stringify({
    task: job.task, language: job.language, duration: job.duration,
    text: segments.map((segment) => segment.text).join(' ').trim(),
    segments: segments.map(({ id, start, end, text, channel, language, words, edited }) => ({
      id, start, end, text, channel, language, edited: edited || undefined,
      words: words.map(({ word, start: from, end: to, probability }) => ({
        word: word.trim(), start: round(from), end: round(to), probability: probability ?? undefined })),
    })),
  }, null, 2)}\n`,
};

const round = (seconds) => Math.round(seconds * 1000) / 1000;

export const formatNames = {
  srt: { server: 'srt', type: 'application/x-subrip' },
  vtt: { server: 'vtt', type: 'text/vtt' },
  txt: { server: 'text', type: 'text/plain;charset=utf-8' },
  json: { server: 'verbose_json', type: 'application/json' },
};

/** Segments are {id, start, end, text, words, channel?, language?, edited?}. */
export function write(format, job, segments) {
  return new Blob([formats[format]({ job, segments })], { type: formatNames[format].type });
}
