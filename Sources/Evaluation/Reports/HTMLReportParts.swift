// What is the same in every page: its style, and the program that sorts and filters its tables.

enum HTMLReportParts {
  static let style = """
    :root { color-scheme: light dark; --line: #8884; --red: #c02020; --green: #107030; --yellow: #806000; }
    @media (prefers-color-scheme: dark) { :root { --red: #ff8a80; --green: #7fd99a; --yellow: #e0c060; } }
    body { font: 15px/1.45 system-ui, sans-serif; margin: 2em; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: .25em .7em; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
    th { position: sticky; top: 0; background: Canvas; cursor: pointer; white-space: nowrap; }
    th[aria-sort=ascending]::after { content: " \\25B2"; }
    th[aria-sort=descending]::after { content: " \\25BC"; }
    td.number { text-align: right; white-space: nowrap; }
    del { color: var(--red); }
    ins { color: var(--green); }
    ins.other { color: var(--yellow); }
    .filters > * { margin-right: 1em; }
    """

  /// A column is sorted by its numbers where all its cells have one, and by its words elsewhere; first the largest or
  /// the first of the alphabet, then the other way round.
  static let script = """
    "use strict";
    function seconds(text) {
      const clock = text.match(/^(?:(\\d+):)?(\\d+):(\\d\\d)$/);
      if (clock) return 3600 * (clock[1] || 0) + 60 * clock[2] + 1 * clock[3];
      const plain = text.match(/^([\\d.]+) s$/);
      return plain ? Number(plain[1]) : NaN;
    }
    function value(cell) {
      const text = cell.textContent.trim();
      if (text === "" || text === "n/a") return -Infinity;
      const clock = seconds(text);
      return Number.isNaN(clock) ? Number(text.split(" to ")[0]) : clock;
    }
    function sort(table, column) {
      const head = table.tHead.rows[0].cells[column];
      const rows = Array.from(table.tBodies[0].rows);
      const numeric = rows.every(row => !Number.isNaN(value(row.cells[column])));
      const before = head.getAttribute("aria-sort");
      const descending = before ? before === "ascending" : numeric;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const key = row => numeric ? value(row.cells[column]) : row.cells[column].textContent;
      const keyed = rows.map(row => [key(row), row]);
      const compare = numeric ? (a, b) => (a[0] > b[0]) - (b[0] > a[0]) : (a, b) => a[0].localeCompare(b[0]);
      keyed.sort((a, b) => descending ? compare(b, a) : compare(a, b));
      table.tBodies[0].append(...keyed.map(pair => pair[1]));
    }
    for (const table of document.querySelectorAll("table.sortable")) {
      const heads = Array.from(table.tHead.rows[0].cells);
      heads.forEach((head, column) => {
        head.tabIndex = 0;
        head.onclick = () => sort(table, column);
        head.onkeydown = event => { if (event.key === "Enter") sort(table, column); };
      });
      for (const row of table.tBodies[0].rows)
        for (const cell of row.cells) if (!Number.isNaN(value(cell))) cell.className = "number";
    }
    const [run, words, wrong] = ["run", "words", "wrong"].map(id => document.getElementById(id));
    function filter() {
      let shown = 0;
      const wanted = words.value.toLowerCase();
      const rows = document.getElementById("utterances").tBodies[0].rows;
      for (const row of rows) {
        const fits = (run.value === "" || row.dataset.run === run.value)
          && (!wrong.checked || row.dataset.errors !== "0")
          && (wanted === "" || row.textContent.toLowerCase().includes(wanted));
        row.hidden = !fits;
        shown += fits;
      }
      document.getElementById("count").textContent = shown + " of " + rows.length;
    }
    for (const control of [run, words, wrong]) control.oninput = filter;
    filter();
    """
}
