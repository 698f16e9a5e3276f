import { useEffect, useMemo, useRef, useState } from "react";
import { classNames } from "#/lib/class-names.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { Section } from "#/ui/section.tsx";
import { type Option, Select } from "#/ui/select.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import styles from "./import-page.module.css";
import { choiceOf, fieldChoice, LEAVE_OUT, PROPERTY, withChoice, withConstant, withReading } from "./mapping-change.ts";
import type { ColumnMapping, FieldSpec, Import, ImportKind, Mapping, Question } from "./queries.ts";
import { useChangeMapping } from "./queries.ts";

const DATE_ORDERS: Option<"day_first" | "month_first">[] = [
  { value: "day_first", label: "Day first (31.12.)" },
  { value: "month_first", label: "Month first (12/31)" },
];

const DECIMAL_MARKS: Option<"point" | "comma">[] = [
  { value: "point", label: "1,234.56" },
  { value: "comma", label: "1.234,56" },
];

const DELIMITERS: Option<string>[] = [
  { value: ",", label: "Comma" },
  { value: ";", label: "Semicolon" },
  { value: "\t", label: "Tab" },
  { value: "|", label: "Bar" },
];

const ENCODINGS = ["UTF-8", "windows-1252", "UTF-16LE", "UTF-16BE", "macintosh", "Shift_JIS"];

function encodingsOf(found: string): Option<string>[] {
  const known = ENCODINGS.includes(found) ? ENCODINGS : [found, ...ENCODINGS];
  return known.map((encoding) => ({ value: encoding, label: encoding }));
}

interface MappingEditorProps {
  one: Import;
  kinds: readonly ImportKind[];
  editable: boolean;
}

/** What each column becomes. Every change is saved at once. */
export function MappingEditor({ one, kinds, editable }: MappingEditorProps) {
  const save = useChangeMapping(one.id);
  const kind = kinds.find((other) => other.kind === one.mapping.kind);
  const { mapping } = one;
  const change = (next: Mapping) => save.mutate({ mapping: next });
  const choices = useMemo(() => choicesOf(kind), [kind]);
  const fields = useMemo(() => new Map(kind?.fields.map((field) => [field.name, field])), [kind]);
  const asked = new Set(one.questions.map((question) => question.column));
  return (
    <>
      <div className={styles.filters}>
        <Select
          label="The rows are"
          disabled={!editable}
          options={kinds.map((other) => ({ value: other.kind, label: other.title }))}
          value={mapping.kind}
          onChange={(next) => save.mutate({ kind: next })}
        />
        <Draft
          label="They come from"
          disabled={!editable}
          value={mapping.system}
          onSave={(system) => change({ ...mapping, system })}
        />
        <Select
          label="Cells are parted by"
          disabled={!editable}
          options={DELIMITERS}
          value={one.form.delimiter}
          onChange={(delimiter) => save.mutate({ delimiter })}
        />
        <Select
          label="Letters are written in"
          disabled={!editable}
          options={encodingsOf(one.form.encoding)}
          value={one.form.encoding}
          onChange={(encoding) => save.mutate({ encoding })}
        />
      </div>
      {editable && one.questions.length > 0 ? (
        <Questions questions={one.questions} mapping={mapping} onChange={change} />
      ) : null}
      <div className={styles.scroll}>
        <table className={styles.table}>
          <colgroup>
            <col style={{ width: "24%" }} />
            <col />
            <col style={{ width: 250 }} />
            <col style={{ width: 210 }} />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Column of the file</th>
              <th scope="col">First values</th>
              <th scope="col">Becomes</th>
              <th scope="col">Read as</th>
            </tr>
          </thead>
          <tbody>
            {one.form.columns.map((column, place) => (
              <tr key={column.name} className={classNames(asked.has(place) && styles.asked)}>
                <td className={styles.column}>{column.name}</td>
                <td className={styles.samples} title={column.samples.join("\n")}>
                  {column.samples.length === 0 ? "empty" : column.samples.join(" · ")}
                </td>
                <td>
                  <Combobox
                    form="bare"
                    size="small"
                    label={`What ${column.name} becomes`}
                    disabled={!editable}
                    options={choices}
                    value={choiceOf(mapping, place)}
                    onChange={(choice) => choice && change(withChoice(mapping, place, column.name, choice))}
                  />
                </td>
                <td>
                  <Reading
                    found={mapping.columns.find((other) => other.column === place)}
                    fields={fields}
                    editable={editable}
                    name={column.name}
                    onChange={(reading) => change(withReading(mapping, place, reading))}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {kind ? (
        <Constants mapping={mapping} kind={kind} editable={editable} questions={one.questions} onChange={change} />
      ) : null}
    </>
  );
}

function choicesOf(kind: ImportKind | undefined): Option<string>[] {
  const fields = kind?.fields ?? [];
  return [
    { value: LEAVE_OUT, label: "Leave out" },
    ...(kind?.keeps_properties ? [{ value: PROPERTY, label: "Keep as a property" }] : []),
    ...fields.map((field) => ({
      value: fieldChoice(field.name),
      label: field.title,
      detail: field.required ? "required" : field.key ? "finds the record" : undefined,
    })),
  ];
}

interface ReadingProps {
  found: ColumnMapping | undefined;
  fields: Map<string, FieldSpec>;
  editable: boolean;
  name: string;
  onChange: (reading: Partial<ColumnMapping>) => void;
}

/** For dates and numbers: how they are written, where that changes what they mean. */
function Reading({ found, fields, editable, name, onChange }: ReadingProps) {
  const kind = found?.field ? fields.get(found.field)?.kind : undefined;
  if (kind === "date" || kind === "moment") {
    return (
      <Select
        form="filter"
        size="small"
        label={`Dates of ${name}`}
        hideLabel
        disabled={!editable}
        placeholder="as it says itself"
        options={DATE_ORDERS}
        value={found?.date_order ?? null}
        onChange={(date_order) => onChange({ date_order })}
      />
    );
  }
  if (kind === "money" || kind === "number" || kind === "integer") {
    return (
      <Select
        form="filter"
        size="small"
        label={`Numbers of ${name}`}
        hideLabel
        disabled={!editable}
        placeholder="as it says itself"
        options={DECIMAL_MARKS}
        value={found?.decimal_mark ?? null}
        onChange={(decimal_mark) => onChange({ decimal_mark })}
      />
    );
  }
  return <span className={styles.muted}>{kind ?? (found?.property ? "text" : "")}</span>;
}

interface QuestionsProps {
  questions: readonly Question[];
  mapping: Mapping;
  onChange: (mapping: Mapping) => void;
}

/** What the file does not say by itself, with the answers that can be given. */
function Questions({ questions, mapping, onChange }: QuestionsProps) {
  const answer = (question: Question, choice: string) => {
    const { column } = question;
    if (column === null || column === undefined) return;
    const order = DATE_ORDERS.find((one) => one.value === choice)?.value;
    const mark = DECIMAL_MARKS.find((one) => one.value === choice)?.value;
    if (order) onChange(withReading(mapping, column, { date_order: order }));
    if (mark) onChange(withReading(mapping, column, { decimal_mark: mark }));
  };
  const label = (choice: string) =>
    [...DATE_ORDERS, ...DECIMAL_MARKS].find((one) => one.value === choice)?.label ?? choice;
  return (
    <section className={styles.questions} aria-label="Open questions">
      <strong>The file does not say this by itself</strong>
      {questions.map((question) => (
        <div key={`${question.code} ${question.column ?? ""} ${question.field ?? ""}`} className={styles.question}>
          <span>{question.message}</span>
          {question.choices?.map((choice) => (
            <Button key={choice} size="small" onClick={() => answer(question, choice)}>
              {label(choice)}
            </Button>
          ))}
        </div>
      ))}
    </section>
  );
}

interface ConstantsProps {
  mapping: Mapping;
  kind: ImportKind;
  editable: boolean;
  questions: readonly Question[];
  onChange: (mapping: Mapping) => void;
}

/** Values that no column holds: the currency of the file, or a required field. */
function Constants({ mapping, kind, editable, questions, onChange }: ConstantsProps) {
  const asked = new Set(
    questions.filter((question) => question.code === "missing_field").map((question) => question.field),
  );
  const mapped = new Set(mapping.columns.map((column) => column.field));
  const offered = kind.fields.filter(
    (field) =>
      !mapped.has(field.name) &&
      (field.required || field.kind === "currency" || asked.has(field.name) || field.name in mapping.constants),
  );
  if (offered.length === 0) return null;
  return (
    <Section title="The same for every row" text="For what the file says nowhere. An empty one is left out.">
      <div className={styles.filters}>
        {offered.map((field) => (
          <Draft
            key={field.name}
            label={field.title}
            disabled={!editable}
            value={mapping.constants[field.name] ?? ""}
            onSave={(value) => onChange(withConstant(mapping, field.name, value))}
          />
        ))}
      </div>
    </Section>
  );
}

interface DraftProps {
  label: string;
  value: string;
  disabled: boolean;
  onSave: (value: string) => void;
}

/** A text that is saved when the field is left, or on Enter. */
function Draft({ label, value, disabled, onSave }: DraftProps) {
  const [draft, setDraft] = useState(value);
  const known = useRef(value);
  useEffect(() => {
    // What is being typed is not taken away by the answer to another change.
    const before = known.current;
    known.current = value;
    setDraft((now) => (now === before ? value : now));
  }, [value]);
  const save = () => {
    const next = draft.trim();
    setDraft(next);
    if (next !== value) onSave(next);
  };
  return (
    <TextInput
      label={label}
      value={draft}
      disabled={disabled}
      onChange={setDraft}
      onBlur={save}
      onKeyDown={(event) => event.key === "Enter" && save()}
    />
  );
}
