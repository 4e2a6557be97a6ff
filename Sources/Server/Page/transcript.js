// The transcript: segments with times and words, followed while playing, searched and edited in place. Made for ten thousand
// segments: rows are added in batches, and only those near the window have an element for each word.

import { announce, create, find, icon, languageName, spokenTime, store, time, toast } from './dom.js';
import { alignWords } from './subtitles.js';

const batch = 250;
const highlights = window.CSS?.highlights;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** A word's place in its segment's text, which keeps spaces and scripts without them as they are. */
function placeWords(text, words) {
  const placed = [];
  let position = 0;
  for (const { word, start, end, probability } of words ?? []) {
    const bare = word.trim();
    const from = bare ? text.indexOf(bare, position) : -1;
    if (from < 0) continue;
    position = from + bare.length;
    placed.push({ word: bare, start, end, probability, from, to: position });
  }
  return placed;
}

export class Transcript {
  constructor({ player, onEdits }) {
    this.player = player;
    this.onEdits = onEdits;
    this.list = find('segments');
    this.bySegmentRow = new WeakMap();
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const segment = this.bySegmentRow.get(target);
        if (!segment) continue;
        if (isIntersecting) this.showWords(segment);
        else this.hideWords(segment);
      }
    }, { rootMargin: '600px 0px' });
    if (highlights) {
      this.found = new Highlight();
      this.foundNow = new Highlight();
      this.foundNow.priority = 1;
      highlights.set('found', this.found);
      highlights.set('found-now', this.foundNow);
    }
    this.clear();
    this.connectList();
    this.connectSearch();
    for (const name of ['wheel', 'touchmove']) {
      addEventListener(name, () => { this.lastScroll = performance.now(); }, { passive: true });
    }
  }

  open(job) {
    this.clear();
    this.job = job;
    this.edits = store.get(`edits.${job.id}`) ?? {};
  }

  clear() {
    clearTimeout(this.flushing);
    this.observer.disconnect();
    this.job = null;
    this.edits = {};
    this.segments = [];
    this.byKey = new Map();
    this.pending = [];
    this.flushing = null;
    this.active = new Set();
    this.current = null;
    this.editing = null;
    this.matches = [];
    this.match = -1;
    this.lastScroll = -Infinity;
    this.found?.clear();
    this.foundNow?.clear();
    this.list.replaceChildren();
    find('search').value = '';
    find('search-count').textContent = '';
  }

  // MARK: Segments

  add(value, eventId) {
    const text = (value.text ?? '').trim();
    const key = `${value.channel ?? 0}:${value.id ?? eventId}`;
    this.pending.push({
      key, id: value.id, start: value.start ?? 0, end: value.end ?? 0, text, channel: value.channel, language: value.language,
      originalWords: placeWords(text, value.words),
    });
    this.flushing ??= setTimeout(() => this.flush(), 30);
  }

  flush() {
    this.flushing = null;
    const fragment = document.createDocumentFragment();
    const place = () => {
      if (fragment.firstChild) this.list.append(fragment);
    };
    for (const segment of this.pending.splice(0, batch)) {
      const old = this.byKey.get(segment.key);
      if (old) {
        // Again after a reconnection: nothing to do, unless it changed.
        if (old.text === segment.text) continue;
        place();
        this.remove(old);
      }
      this.byKey.set(segment.key, segment);
      const edited = this.edits[segment.key];
      segment.edited = typeof edited === 'string' && edited !== segment.text ? edited : null;
      const index = this.place(segment.start);
      this.segments.splice(index, 0, segment);
      this.createRow(segment);
      const isLast = index === this.segments.length - 1;
      if (isLast) fragment.append(segment.row);
      else {
        place();
        this.list.insertBefore(segment.row, this.segments[index + 1].row);
        this.showSpeaker(this.segments[index + 1], segment);
      }
      this.showSpeaker(segment, this.segments[index - 1]);
      this.observer.observe(segment.row);
    }
    place();
    if (!this.current && this.segments.length) this.setCurrent(this.segments[0]);
    if (find('search').value) this.searchSoon();
    this.onSegments?.(this.segments);
    if (this.pending.length) this.flushing = setTimeout(() => this.flush(), 0);
  }

  /** The index after all segments that start no later. */
  place(seconds) {
    let [low, high] = [0, this.segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.segments[middle].start <= seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  remove(segment) {
    this.observer.unobserve(segment.row);
    this.unmark(segment);
    this.segments.splice(this.segments.indexOf(segment), 1);
    this.active.delete(segment);
    if (this.current === segment) this.current = null;
    segment.row.remove();
  }

  textOf(segment) {
    return segment.edited ?? segment.text;
  }

  wordsOf(segment) {
    if (segment.edited === null) return segment.originalWords;
    segment.editedWords ??= alignWords(segment.edited, segment.originalWords, segment.start, segment.end);
    return segment.editedWords;
  }

  /** For downloads: edits included, segments edited away left out. */
  exported() {
    return this.segments.filter((segment) => this.textOf(segment)).map((segment) => ({
      id: segment.id, start: segment.start, end: segment.end, text: this.textOf(segment), words: this.wordsOf(segment),
      channel: segment.channel, language: segment.language, edited: segment.edited !== null,
    }));
  }

  get plainText() {
    return this.segments.map((segment) => this.textOf(segment)).filter(Boolean).join('\n');
  }

  // MARK: Rows

  createRow(segment) {
    segment.content = create('p', { class: 'text' });
    segment.marks = create('span', { class: 'marks' });
    segment.row = create('li', { class: 'segment', tabindex: -1 },
      create('button', { class: 'time', type: 'button', tabindex: -1, 'aria-label': `Play from ${spokenTime(segment.start)}` }, time(segment.start)),
      create('div', { class: 'body' }, segment.marks, segment.content),
      create('button', { class: 'edit quiet square small', type: 'button', tabindex: -1, 'aria-label': 'Edit this segment', title: 'Edit (E)' }, icon('pencil')));
    if (segment.language) segment.content.lang = segment.language;
    this.bySegmentRow.set(segment.row, segment);
    this.showText(segment);
  }

  showSpeaker(segment, previous) {
    const { marks, channel, language } = segment;
    marks.replaceChildren();
    if (channel != null) {
      const isSame = previous?.channel === channel;
      marks.append(create('span', { class: isSame ? 'speaker same' : 'speaker', data: { channel } }, `Channel ${channel}`));
      segment.row.dataset.channel = channel;
    }
    if (language && this.job.language && language !== this.job.language) marks.append(create('span', { class: 'tag' }, languageName(language)));
    if (segment.edited !== null) {
      marks.append(create('span', { class: 'tag' }, 'Edited'),
        create('button', { class: 'restore quiet small', type: 'button', tabindex: -1 }, icon('undo'), 'Restore'));
    }
  }

  showText(segment) {
    this.unmark(segment);
    const text = this.textOf(segment);
    segment.content.textContent = text || 'Left out of downloads';
    segment.row.classList.toggle('removed', !text);
    segment.spans = null;
    if (segment.isNear) this.showWords(segment);
  }

  showWords(segment) {
    segment.isNear = true;
    if (segment.spans || this.editing === segment) return;
    const words = this.wordsOf(segment);
    const text = this.textOf(segment);
    if (text && words.length) {
      const nodes = [];
      let position = 0;
      segment.spans = words.map((word) => {
        if (word.from > position) nodes.push(text.slice(position, word.from));
        position = word.to;
        const { probability } = word;
        const level = probability == null ? '' : probability < 0.4 ? ' low' : probability < 0.7 ? ' mid' : '';
        const span = create('span', { class: `w${level}` }, text.slice(word.from, word.to));
        nodes.push(span);
        return span;
      });
      nodes.push(text.slice(position));
      segment.content.replaceChildren(...nodes);
    }
    this.mark(segment);
    if (this.active.has(segment)) this.followWords(segment, this.player.position);
  }

  hideWords(segment) {
    segment.isNear = false;
    // A selection or the keyboard's place would be lost.
    if (!segment.spans || segment.row.contains(document.activeElement) || !getSelection().isCollapsed) return;
    this.showText(segment);
  }

  setCurrent(segment, { focus = false } = {}) {
    if (this.current && this.current !== segment) {
      this.current.row.tabIndex = -1;
      this.current.row.removeAttribute('aria-label');
    }
    this.current = segment;
    segment.row.tabIndex = 0;
    const speaker = segment.channel == null ? '' : `, channel ${segment.channel}`;
    segment.row.setAttribute('aria-label', `${spokenTime(segment.start)}${speaker}: ${this.textOf(segment)}`);
    if (focus) segment.row.focus();
  }

  // MARK: Clicks and keys

  connectList() {
    const { list } = this;
    const segmentAt = (target) => this.bySegmentRow.get(target.closest('.segment'));
    list.addEventListener('click', (event) => {
      const segment = segmentAt(event.target);
      if (!segment || this.editing === segment) return;
      this.setCurrent(segment);
      if (event.target.closest('.edit')) this.edit(segment);
      else if (event.target.closest('.restore')) this.restore(segment);
      else if (event.target.closest('.time')) this.playFrom(segment.start);
      // A click that ends a selection, or begins a double click, should not jump.
      else if (getSelection().isCollapsed && event.target.classList.contains('w')) {
        this.player.seek(this.wordsOf(segment)[segment.spans.indexOf(event.target)].start + 0.001);
      }
    });
    list.addEventListener('dblclick', (event) => {
      const segment = segmentAt(event.target);
      if (segment && event.target.closest('.text') && this.editing !== segment) this.edit(segment);
    });
    list.addEventListener('pointerover', (event) => {
      const { target } = event;
      if (!target.classList.contains('w') || target.title) return;
      const segment = segmentAt(target);
      const word = segment?.spans && this.wordsOf(segment)[segment.spans.indexOf(target)];
      if (word?.probability != null) target.title = `${Math.round(word.probability * 100)} % sure`;
    });
    list.addEventListener('focusin', (event) => {
      const segment = segmentAt(event.target);
      if (segment && segment !== this.current) this.setCurrent(segment);
    });
    list.addEventListener('keydown', (event) => {
      const segment = segmentAt(event.target);
      if (!segment || this.editing === segment || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.handleKey(event, segment)) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  handleKey(event, segment) {
    const { key, target } = event;
    if (target.tagName === 'BUTTON' && (key === 'Enter' || key === ' ')) return false;
    const index = () => this.segments.indexOf(segment);
    const go = (to) => {
      const other = this.segments[Math.min(this.segments.length - 1, Math.max(0, to))];
      if (other) this.setCurrent(other, { focus: true });
      return true;
    };
    const word = segment.spans?.indexOf(target) ?? -1;
    const goToWord = (to) => {
      this.showWords(segment);
      const span = segment.spans?.[to];
      if (!span) return to < 0 ? go(index()) : true;
      span.tabIndex = -1;
      span.focus();
      return true;
    };
    switch (key) {
    case 'ArrowDown': return go(index() + 1);
    case 'ArrowUp': return go(index() - 1);
    case 'Home': return go(0);
    case 'End': return go(this.segments.length - 1);
    case 'ArrowRight': return goToWord(word + 1);
    case 'ArrowLeft': return word >= 0 ? goToWord(word - 1) : true;
    case 'Enter':
      this.playFrom(word >= 0 ? this.wordsOf(segment)[word].start : segment.start);
      return true;
    case 'e':
    case 'F2':
      this.edit(segment);
      return true;
    default: return false;
    }
  }

  playFrom(seconds) {
    this.player.seek(seconds + 0.001);
    this.player.play();
  }

  // MARK: Following

  follow(position) {
    const now = new Set();
    for (let i = this.place(position) - 1; i >= 0 && this.segments[i].start > position - 60 && now.size < 4; i -= 1) {
      if (position < this.segments[i].end) now.add(this.segments[i]);
    }
    for (const segment of this.active) {
      if (now.has(segment)) continue;
      segment.row.classList.remove('now');
      segment.word?.classList.remove('now');
      segment.word = null;
    }
    for (const segment of now) {
      if (!this.active.has(segment)) {
        segment.row.classList.add('now');
        if (this.player.isPlaying) this.scrollAlong(segment);
      }
    }
    this.active = now;
    for (const segment of now) this.followWords(segment, position);
  }

  followWords(segment, position) {
    const words = this.wordsOf(segment);
    let index = -1;
    while (index + 1 < words.length && words[index + 1].start <= position) index += 1;
    const span = segment.spans?.[index] ?? null;
    if (span === segment.word) return;
    segment.word?.classList.remove('now');
    span?.classList.add('now');
    segment.word = span;
  }

  scrollAlong(segment) {
    if (!find('follow').checked || this.editing || performance.now() - this.lastScroll < 3000) return;
    const box = segment.row.getBoundingClientRect();
    const top = find('player').getBoundingClientRect().bottom + 50;
    if (box.top > top + 8 && box.bottom < innerHeight * 0.85) return;
    segment.row.scrollIntoView({ block: 'center', behavior: calm.matches ? 'auto' : 'smooth' });
  }

  // MARK: Editing

  edit(segment) {
    if (this.editing) this.endEdit(true);
    this.editing = segment;
    this.unmark(segment);
    const { content, row } = segment;
    const area = create('textarea', { class: 'editor', rows: 1, 'aria-label': `Text from ${spokenTime(segment.start)}` });
    area.value = this.textOf(segment);
    if (segment.language) area.lang = segment.language;
    const grow = () => {
      area.style.height = 'auto';
      area.style.height = `${area.scrollHeight + 2}px`;
    };
    const bar = create('div', { class: 'row editor-bar' },
      create('button', { class: 'primary small', type: 'button', onclick: () => this.endEdit(true, true) }, 'Save'),
      create('button', { class: 'small', type: 'button', onclick: () => this.endEdit(false, true) }, 'Cancel'),
      create('span', { class: 'hint' }, 'Enter saves, Esc cancels'));
    area.addEventListener('input', grow);
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' || (event.key === 'Enter' && !event.shiftKey && !event.isComposing)) {
        event.preventDefault();
        event.stopPropagation();
        this.endEdit(event.key === 'Enter', true);
      }
    });
    segment.editor = create('div', { class: 'edit-box' }, area, bar);
    segment.editor.addEventListener('focusout', (event) => {
      if (this.editing === segment && !segment.editor.contains(event.relatedTarget) && document.hasFocus()) this.endEdit(true);
    });
    content.hidden = true;
    content.after(segment.editor);
    row.classList.add('editing');
    grow();
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }

  endEdit(isSaved, focus = false) {
    const segment = this.editing;
    if (!segment) return;
    this.editing = null;
    const text = segment.editor.querySelector('textarea').value.replace(/\s+/g, ' ').trim();
    segment.editor.remove();
    segment.editor = null;
    segment.content.hidden = false;
    segment.row.classList.remove('editing');
    if (isSaved && text !== this.textOf(segment)) {
      this.setEdit(segment, text === segment.text ? null : text);
      announce('Saved on this device');
    } else {
      this.showText(segment);
    }
    if (focus) this.setCurrent(segment, { focus: true });
  }

  restore(segment) {
    this.setEdit(segment, null);
    this.setCurrent(segment, { focus: true });
    announce('Restored');
  }

  setEdit(segment, text) {
    segment.edited = text;
    segment.editedWords = null;
    if (text === null) delete this.edits[segment.key];
    else this.edits[segment.key] = text;
    this.saveEdits();
    this.showText(segment);
    this.showSpeaker(segment, this.segments[this.segments.indexOf(segment) - 1]);
    if (find('search').value) this.searchSoon();
  }

  discardEdits() {
    for (const segment of this.segments.filter(({ edited }) => edited !== null)) this.setEdit(segment, null);
    this.edits = {};
    this.saveEdits();
  }

  get editCount() {
    return Object.keys(this.edits).length;
  }

  saveEdits() {
    const name = `edits.${this.job.id}`;
    if (!this.editCount) store.remove(name);
    else if (!store.set(name, this.edits)) {
      toast('This browser does not store the edits. Download the transcript before you close the page.', { error: true });
    }
    this.onEdits();
  }

  // MARK: Search

  connectSearch() {
    const input = find('search');
    input.addEventListener('input', () => this.searchSoon(true));
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        this.finishSearch();
        this.goToMatch(event.shiftKey ? -1 : 1);
      } else if (event.key === 'Escape') {
        event.preventDefault();
        if (input.value) {
          input.value = '';
          this.searchSoon(true);
        } else this.current?.row.focus();
      }
    });
    find('next').addEventListener('click', () => this.goToMatch(1));
    find('previous').addEventListener('click', () => this.goToMatch(-1));
  }

  searchSoon(isNew = false) {
    clearTimeout(this.searching);
    this.isNewSearch ||= isNew;
    this.searching = setTimeout(() => this.finishSearch(), 120);
  }

  finishSearch() {
    if (this.searching == null) return;
    clearTimeout(this.searching);
    this.searching = null;
    const query = find('search').value.trim().toLowerCase();
    const old = this.matches[this.match];
    for (const segment of new Set(this.matches.map((match) => match.segment))) this.unmark(segment);
    this.matches = [];
    for (const segment of query ? this.segments : []) {
      const text = this.textOf(segment).toLowerCase();
      for (let from = text.indexOf(query); from >= 0; from = text.indexOf(query, from + query.length)) {
        this.matches.push({ segment, from, to: from + query.length });
      }
    }
    if (this.isNewSearch || !old) this.match = -1;
    else this.match = this.matches.findIndex(({ segment, from }) => segment === old.segment && from === old.from);
    this.isNewSearch = false;
    this.bySegment = Map.groupBy ? Map.groupBy(this.matches, ({ segment }) => segment) : group(this.matches);
    for (const segment of this.bySegment.keys()) this.mark(segment);
    this.showCount(query);
  }

  showCount(query = find('search').value.trim()) {
    const count = this.matches.length;
    find('search-count').textContent = !query ? '' : !count ? 'No matches'
      : this.match < 0 ? `${count} match${count === 1 ? '' : 'es'}` : `${this.match + 1} of ${count}`;
  }

  goToMatch(direction) {
    const count = this.matches.length;
    if (!count) return;
    const old = this.matches[this.match];
    this.match = this.match < 0 ? (direction > 0 ? 0 : count - 1) : (this.match + direction + count) % count;
    const { segment } = this.matches[this.match];
    this.lastScroll = performance.now();
    this.setCurrent(segment);
    segment.row.scrollIntoView({ block: 'center' });
    this.showWords(segment);
    if (old) this.mark(old.segment);
    this.mark(segment);
    this.showCount();
    announce(`${this.match + 1} of ${count}, ${spokenTime(segment.start)}: ${this.textOf(segment)}`);
  }

  /** Highlights what was found, if the row is near the window; others are marked when they come near. */
  mark(segment) {
    this.unmark(segment);
    const matches = this.bySegment?.get(segment);
    if (!matches || !this.matches.length || this.editing === segment) return;
    segment.row.classList.add('found');
    if (!highlights || !segment.isNear) return;
    for (const match of matches) {
      const range = rangeIn(segment.content, match.from, match.to);
      if (!range) continue;
      const highlight = match === this.matches[this.match] ? this.foundNow : this.found;
      highlight.add(range);
      (segment.ranges ??= []).push([highlight, range]);
    }
  }

  unmark(segment) {
    segment.row?.classList.remove('found');
    for (const [highlight, range] of segment.ranges ?? []) highlight.delete(range);
    segment.ranges = null;
  }
}

function group(matches) {
  const groups = new Map();
  for (const match of matches) groups.set(match.segment, [...(groups.get(match.segment) ?? []), match]);
  return groups;
}

/** The part of an element's text between two offsets. */
function rangeIn(element, from, to) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const range = new Range();
  let position = 0;
  let isStarted = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const end = position + node.length;
    if (!isStarted && from < end) {
      range.setStart(node, from - position);
      isStarted = true;
    }
    if (isStarted && to <= end) {
      range.setEnd(node, to - position);
      return range;
    }
    position = end;
  }
  return null;
}
