/** The editor of statements: language, completion, keys and looks. A chunk of its own. */
import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { keywordCompletionSource, SQLDialect, schemaCompletionSource, sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { type Extension, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { SqlTable } from "./queries.ts";
import { quoted } from "./statement.ts";

const KEYWORDS =
  "select from where group by order having limit offset with recursive as on using join inner left right full outer cross " +
  "natural lateral union all except intersect distinct filter over partition rows range between and or not in is null like " +
  "ilike similar to exists any case when then else end cast try_cast asc desc nulls first last true false values explain " +
  "analyze verbose describe show tables columns interval date time timestamp extract preceding following unbounded current row " +
  "grouping sets rollup cube qualify escape overlay placing";
const TYPES =
  "bigint int integer smallint tinyint double float real decimal numeric text varchar char string boolean bool date time " +
  "timestamp timestamptz interval";
const FUNCTIONS =
  "count sum avg min max median stddev stddev_pop var_pop variance corr approx_distinct approx_median approx_percentile_cont " +
  "first_value last_value nth_value row_number rank dense_rank percent_rank cume_dist ntile lag lead bool_and bool_or " +
  "coalesce nullif greatest least abs ceil floor round trunc sqrt power ln log10 exp mod sign lower upper trim ltrim rtrim " +
  "length char_length left substr substring position strpos split_part replace regexp_replace regexp_like concat concat_ws " +
  "reverse starts_with ends_with contains initcap date_trunc date_part date_bin to_timestamp to_date now current_date " +
  "make_date from_unixtime";

const dialect = SQLDialect.define({
  keywords: KEYWORDS,
  types: TYPES,
  builtin: FUNCTIONS,
  doubleQuotedStrings: false,
  identifierQuotes: '"',
  operatorChars: "*+-%<>!=&|~^/",
});

const looks = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "var(--weight-medium)" },
  { tag: tags.typeName, color: "var(--accent)" },
  { tag: tags.standard(tags.name), color: "var(--code-call)" },
  { tag: tags.string, color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "var(--size-table)", backgroundColor: "var(--surface)", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 12px", fontVariantNumeric: "tabular-nums" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 50%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--selected)",
    outline: "1px solid var(--border-strong)",
  },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": {
    border: "1px solid var(--border)",
    borderRadius: "var(--radius)",
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    boxShadow: "var(--shadow)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "240px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px", lineHeight: "20px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--selected)",
    color: "var(--text)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-completionIcon": { display: "none" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--danger)",
    textUnderlineOffset: "3px",
  },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--danger)" },
});

/** The columns of the tables that the statement names, wherever the cursor is. */
function columnsOf(tables: readonly SqlTable[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\w"]+/);
    if (!word && !context.explicit) return null;
    // After a point the language knows which table is meant.
    const from = word?.from ?? context.pos;
    if (context.state.sliceDoc(Math.max(0, from - 1), from) === ".") return null;
    const text = context.state.doc.toString().toLowerCase();
    const named = tables.filter((table) => new RegExp(`\\b${table.name}\\b`).test(text));
    const seen = new Map<string, { type: string; tables: string[] }>();
    for (const table of named) {
      for (const column of table.columns) {
        const known = seen.get(column.name);
        if (known) known.tables.push(table.name);
        else seen.set(column.name, { type: column.type, tables: [table.name] });
      }
    }
    return {
      from,
      validFor: /^[\w"]*$/,
      options: [...seen].map(([label, column]) => ({
        label,
        apply: quoted(label),
        type: "property",
        detail: `${column.type} · ${column.tables.slice(0, 2).join(", ")}`,
        boost: 2,
      })),
    };
  };
}

/** Language and completion for these tables. */
export function languageOf(tables: readonly SqlTable[]): Extension {
  const schema = Object.fromEntries(
    tables.map((table) => [
      table.name,
      table.columns.map((column) => ({
        label: column.name,
        apply: quoted(column.name),
        type: "property",
        detail: column.type,
      })),
    ]),
  );
  const support = sql({ dialect, upperCaseKeywords: false });
  const sources = [columnsOf(tables), schemaCompletionSource({ dialect, schema }), keywordCompletionSource(dialect)];
  return [
    new LanguageSupport(support.language),
    autocompletion({ override: sources, icons: false, maxRenderedOptions: 60 }),
  ];
}

/** Everything that never changes. */
export function setup(label: string, run: () => void): Extension {
  return [
    Prec.highest(
      keymap.of([
        {
          key: "Mod-Enter",
          run: () => {
            run();
            return true;
          },
        },
      ]),
    ),
    lineNumbers(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    syntaxHighlighting(looks),
    theme,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
    placeholder("select channel, count(*) from events group by channel"),
    keymap.of([
      // Tab takes a completion; without one it leaves the editor, as everywhere.
      { key: "Tab", run: acceptCompletion },
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...historyKeymap,
      ...completionKeymap,
      ...lintKeymap,
    ]),
  ];
}
